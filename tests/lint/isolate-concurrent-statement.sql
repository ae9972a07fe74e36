--- fires 2:1
alter table t add a int;
create index concurrently i on t (a);
--- fires 1:1 2:1
drop index concurrently i;
reindex table concurrently t;
--- fine
-- alone
create index concurrently i on t (a);
--- fine
select 1;
select 2;
