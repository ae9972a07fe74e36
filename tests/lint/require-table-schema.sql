--- fires 1:14
create table t (a int);
--- fires 1:15
select * from t;
--- fires 1:1
drop table t;
--- fine
create table app.t (a int);
with x as (select 1) select * from x;
--- fine
create temp table t (a int);
select * from t;
