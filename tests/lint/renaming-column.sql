--- fires 1:1
ALTER TABLE "table_name" RENAME COLUMN "column_name" TO "new_column_name";
--- fires 1:1
alter table s.t rename a to "B";
--- fine
create table t (a int);
alter table t rename a to b;
--- fine
alter index i rename to j;
