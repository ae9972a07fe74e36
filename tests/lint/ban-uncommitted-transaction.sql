--- fires 1:1
BEGIN;
CREATE TABLE t (a int);
--- fires 3:1
begin;
commit;
begin;
--- fine
begin;
select 1;
commit;
--- fine
begin;
select 1;
rollback;
--- fine
-- squawk-ignore ban-uncommitted-transaction
begin;
