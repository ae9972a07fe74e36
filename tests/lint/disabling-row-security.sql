--- fires 1:15
alter table t disable row level security;
--- fires 1:15
alter table t no force row level security;
--- fine
alter table t enable row level security;
