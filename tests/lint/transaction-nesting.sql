--- fires 2:1
select 1;
begin;
select 2;
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
--- fine
-- a BEGIN and COMMIT around it all
begin;
select 1;
commit;
