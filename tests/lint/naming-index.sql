--- fires 1:1
create index "I" on t (a);
--- fine
create index i on t (a);
