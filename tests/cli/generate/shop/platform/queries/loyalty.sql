-- feature: loyalty

-- name: points_of :one
select points from points where customer = @customer;
