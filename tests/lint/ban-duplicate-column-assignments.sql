--- fires 1:21
update t set a = 1, a = 2;
--- fine
update t set a = 1, b = 2;
--- fine
update t set a[1] = 1, a[2] = 2;
