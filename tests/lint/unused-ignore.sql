--- fires 1:1
-- caisson: lint-ignore ban-drop-column
select 1;
--- fires 1:1
-- squawk-ignore no-such-rule
select 1;
--- fires 2:1
select 1;
-- atlas:nolint
select 2;
--- fine
-- caisson: lint-ignore ban-drop-column
alter table t drop column a;
