--- fires 2:8
select 1;
create tabel t (a int);
select 2;
--- fires 1:14
select 'ä' , , t t;
select 1;
--- fine
\set x 1
copy t from stdin;
1	not sql at all;
\.
select 1;
--- fine
select 1
--- fine
create table ${schema}.t (a int);
alter table :"table" add column a int default :'value';
