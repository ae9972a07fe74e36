--- fires 1:1
create index concurrently i on t (a);
--- fires 2:1
select 1;
vacuum t;
--- fine apart
create index concurrently i on t (a);
--- fine
create index i on t (a);
