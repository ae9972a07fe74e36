--- fires 1:1
refresh materialized view s.v;
--- fine
refresh materialized view concurrently v;
--- fine
create materialized view v as select 1 with no data;
refresh materialized view v;
