--- fires 1:24
ALTER TABLE table_name ALTER COLUMN c DROP NOT NULL;
--- fine
alter table t alter c drop default;
--- fine
create table t (c int not null);
alter table t alter c drop not null;
