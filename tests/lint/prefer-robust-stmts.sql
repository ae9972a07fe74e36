--- fires apart 1:24 2:1
ALTER TABLE "core_foo" ADD COLUMN "answer_id" integer NULL;
CREATE INDEX CONCURRENTLY "core_foo_idx" ON "core_foo" ("answer_id");
--- fires apart 1:1 2:1 3:1 4:1
create table t (a int);
drop table u;
drop index i;
drop type m;
--- fires apart 1:15 2:15
alter table t drop column a;
alter table t add constraint c check (a > 0) not valid;
--- fires 2:1
select 1;
create index concurrently i on t (a);
--- fine apart
alter table t add column if not exists a int;
create index concurrently if not exists i on t (a);
--- fine
alter table t add column a int;
alter table t drop column b;
--- fine apart
begin;
alter table t add column a int;
drop table u;
commit;
--- fires apart 1:1
create index concurrently i on t (a);
--- fine apart
create table t (a int);
--- fine apart
ALTER TABLE "app_email" DROP CONSTRAINT IF EXISTS "email_uniq";
ALTER TABLE "app_email" ADD CONSTRAINT "email_uniq" UNIQUE USING INDEX "email_idx";
