--- fires 1:1
drop schema s cascade;
--- fine
create schema s;
