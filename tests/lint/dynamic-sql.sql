--- fires 1:1
do $$ begin execute 'drop table t'; end $$;
--- fine
do $$ begin perform 1; -- execute
 end $$;
