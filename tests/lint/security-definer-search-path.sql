--- fires 1:1
create function f() returns int language sql security definer as 'select 1';
--- fine
create function f() returns int language sql security definer set search_path = pg_catalog as 'select 1';
--- fine
create function f() returns int language sql as 'select 1';
