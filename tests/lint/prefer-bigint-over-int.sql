--- fires 1:17 1:24 1:35
create table t (a int, b integer, c serial);
--- fires 1:26
alter table t add column a int4;
--- fine
create table t (a bigint, b bigserial, c smallint);
