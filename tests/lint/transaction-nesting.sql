--- fires 2:1
-- a runner's transaction is around it
begin;
select 1;
commit;
--- fires 2:1
select 1;
commit;
--- fires apart 2:1
begin;
begin;
select 1;
commit;
--- fires apart 1:1
rollback;
--- fine apart
begin;
select 1;
commit;
begin;
commit;
--- fine
savepoint a;
rollback to a;
