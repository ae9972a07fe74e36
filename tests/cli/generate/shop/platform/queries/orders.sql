-- What the shop asks of its orders.

-- name: find_order :optional
-- An order, as it is stored.
-- cache: order:{id} ttl 60s
select * from orders where id = @id and deleted_at is null;

-- name: list_orders :many
-- Orders of a customer with their worth.
-- timeout: 2s
select o.id, o.state, o.placed, sum(l.price) as worth, count(l.article) as lines
  from orders o
  left join lines l on l."order" = o.id
 where o.customer = @customer
   -- filter: state
   and o.state = @state
   -- end
   -- filter: tagged It has one of these.
   and o.tags && @tags
   -- end
   -- filter: not_removed
   and o.deleted_at is null
   -- end
 group by o.id
 order by
   -- order: newest
   o.placed desc, o.id
   -- order: dearest What has no line comes last.
   sum(l.price) desc nulls last, o.id
   -- end
 limit @at_most;

-- name: pay :exec
-- deprecated: use settle
update orders set state = 'paid' where id = @id and state = 'open';

-- name: add_lines :copy
insert into lines ("order", position, article, price) values (@order_id, @position, @article, @price);

-- name: note :batch
-- nullable: class
update orders set old_class = @class where id = @id returning revision;

-- name: all_orders :stream
select id, state from orders;
