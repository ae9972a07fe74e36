--- fires 1:1
create table t (id bigint primary key, a text, n integer);
create view v as select a from t;
--- then
drop table t;
--- fires 1:15
create table t (id bigint primary key, a text, n integer);
create view v as select a from t;
--- then
alter table t drop column a;
--- fires 1:15
create table t (id bigint primary key, a text, n integer);
create view v as select * from t;
--- then
alter table t alter column a type varchar(3);
--- fires 1:1
create table t (id bigint primary key, a text, n integer);
create table u (t bigint references t);
--- then
drop table t cascade;
--- fine
create table t (id bigint primary key, a text, n integer);
create view v as select a from t;
--- then
alter table t drop column n;
--- fine
create table t (id bigint primary key, a text, n integer);
create view v as select a from t;
--- then
drop view v;
drop table t;
--- fine
create table t (id bigint primary key, a text, n integer);
create table u (t bigint references t);
--- then
drop table t, u;
