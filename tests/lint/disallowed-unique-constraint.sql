--- fires 1:24
ALTER TABLE table_name ADD CONSTRAINT field_name_constraint UNIQUE (field_name);
--- fires 1:17
alter table foo add column bar text unique;
--- fires 1:15
alter table t add unique (a, b);
--- fine
ALTER TABLE distributors ADD CONSTRAINT dist_id_key UNIQUE USING INDEX dist_id_temp_idx;
--- fine
create table t (a int unique);
alter table t add unique (b);
