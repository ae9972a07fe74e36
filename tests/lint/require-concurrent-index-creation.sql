--- fires 2:1
-- squawk's own example
CREATE INDEX "field_name_idx" ON "table_name" ("field_name");
--- fires 1:1
create unique index on app.orders (a, lower(b)) where c;
--- fires 1:1
create table t (id bigint primary key, a text, n integer);
--- then
create index t_a on t (a);
--- fine
create index concurrently i on t (a);
--- fine
create table t (a int);
create index on t (a);
--- fine
create table public.t (a int);
create index on t (a);
--- fine
create materialized view v as select 1 as a;
create unique index on v (a);
--- fine
create temp table t (a int);
create index on t (a);
