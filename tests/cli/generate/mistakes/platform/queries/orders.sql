-- name: list_orders :many
select id, totl
  from orders
 where customer = @customer
   -- filter: paid
   and stat = 'paid'
   -- end
 limit @at_most;

-- name: find_order :single
select * from orders where id = @id;

-- name: close :one
update orders set state = 'paid' where id = @id;

-- name: cached :one
-- cache: ordr:{id}
select customer from orders where id = @id;

-- name: cached_longer :one
-- cache: order:{order} ttl 1h
select customer from orders where id = @id;

-- name: elsewhere :one
-- database: other
select 1;

-- name: close :exec
select 1 = :id;

-- name: forget :optional
-- cache: order:{id}
delete from orders where id = @id returning customer;

-- name: act_as :exec
select set_config('app.current_user_id', @customer, false);
