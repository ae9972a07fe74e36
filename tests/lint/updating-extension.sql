--- fires 1:1
alter extension postgis update to '3.4';
--- fine
create extension postgis;
