--- fires 1:17 1:30
create table t (a timestamp, b timestamp without time zone);
--- fires 1:15
alter table t alter a type timestamp;
--- fine
create table t (a timestamptz, b timestamp with time zone, c date);
