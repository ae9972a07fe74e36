--- fires 1:24
ALTER TABLE table_name DROP COLUMN a;
--- fires 1:15 1:30
alter table t drop column a, drop if exists b;
--- fine
create table t (a int);
alter table t drop column a;
--- fine
alter table t add column a int;
alter table t drop column a;
--- fine down
alter table t drop column a;
