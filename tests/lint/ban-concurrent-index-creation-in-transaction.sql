--- fires 3:1
-- instead of
BEGIN;
CREATE INDEX CONCURRENTLY "field_name_idx" ON "table_name" ("field_name");
COMMIT;
--- fires 2:1
begin;
drop index concurrently i;
commit;
--- fine
create index concurrently i on t (a);
--- fine
begin;
select 1;
commit;
create index concurrently i on t (a);
