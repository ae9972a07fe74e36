--- fires 1:1
alter schema a rename to b;
--- fine
create schema b;
