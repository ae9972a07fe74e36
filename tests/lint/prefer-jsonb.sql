--- fires 1:26
alter table t add column a json;
--- fine
alter table t add column a jsonb;
