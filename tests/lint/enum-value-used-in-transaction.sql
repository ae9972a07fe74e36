--- fires 2:1
alter type mood add value 'blue';
insert into t values ('blue');
--- fires 2:1
alter type mood add value 'blue';
alter table t alter m set default 'blue';
--- fine apart
alter type mood add value 'blue';
insert into t values ('blue');
--- fine
create type mood as enum ('sad');
alter type mood add value 'blue';
insert into t values ('blue');
--- fine
alter type mood add value 'blue';
--- then
insert into t values ('blue');
