--- fires 1:1
DROP INDEX IF EXISTS "field_name_idx";
--- fires 1:1
drop index a, s.b;
--- fine
drop index concurrently if exists i;
--- fine
create table t (a int);
create index i on t (a);
drop index i;
--- fine
drop table i;
