--- fires 1:1
DROP DATABASE foo;
--- fires 1:1
drop database if exists foo;
--- fine
create database foo;
