--- fires 1:1
create schema "Sales";
--- fine
create schema sales;
