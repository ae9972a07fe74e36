--- fires 1:26
alter table t add column id bigserial;
--- fires 1:26
alter table t add column id bigint generated always as identity;
--- fine
alter table t add column id bigint;
--- fine
create table t (a int);
alter table t add column id serial;
