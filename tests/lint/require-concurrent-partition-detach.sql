--- fires 1:15
alter table t detach partition t_2020;
--- fine
alter table t detach partition t_2020 concurrently;
--- fine
alter table t attach partition t_2020 for values from (1) to (2);
