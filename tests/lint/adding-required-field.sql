--- fires 1:28
alter table ttt add column a int not null, add b int;
--- fires 1:26
alter table t add column a int not null default null;
--- fine
ALTER TABLE "recipe" ADD COLUMN "public" boolean NOT NULL DEFAULT true;
--- fine
alter table t add column a int;
--- fine
alter table t add column a serial not null;
--- fine
create table t (b int);
alter table t add column a int not null;
