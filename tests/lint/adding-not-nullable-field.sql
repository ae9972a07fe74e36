--- fires 1:27
ALTER TABLE "core_recipe" ALTER COLUMN "foo" SET NOT NULL;
--- fires 1:15
create table t (id bigint primary key, a text, n integer);
--- then
alter table t alter a set not null, alter column id set not null;
--- fires 1:15
alter table t add constraint c check (a is not null) not valid;
--- then
alter table t alter column a set not null;
--- fires 2:15
alter table t add constraint c check (b is not null) not valid;
alter table t alter column a set not null;
--- fine
alter table t add constraint c check (a is not null) not valid;
--- then
alter table t validate constraint c;
alter table t alter column a set not null;
--- fine
create table t (a int);
alter table t alter a set not null;
--- fine
ALTER TABLE "core_recipe" ADD COLUMN "foo" integer DEFAULT 10 NOT NULL;
ALTER TABLE "core_recipe" ALTER COLUMN "foo" DROP DEFAULT;
