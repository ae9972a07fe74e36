--- fires 1:15
ALTER TABLE a ADD COLUMN b SERIAL PRIMARY KEY;
--- fires 1:21
ALTER TABLE "items" ADD PRIMARY KEY ("id");
--- fine
ALTER TABLE items ADD CONSTRAINT items_pk PRIMARY KEY USING INDEX items_pk_idx;
--- fine
create table t (a int primary key);
