--- fires 1:17 1:27
create table t (a serial, b bigserial);
--- fires 1:26
alter table t add column a smallserial;
--- fine
create table t (a bigint generated always as identity);
