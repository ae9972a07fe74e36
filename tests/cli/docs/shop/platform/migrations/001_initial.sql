create type state as enum ('open', 'paid');
comment on type state is 'How far an order has come.';

create table customers (
    id    bigint generated always as identity primary key,
    email text not null unique check (email ~ 'a|b')
);
comment on table customers is 'Who buys | here.
Second line with `code` and <b>html</b>.';
comment on column customers.email is 'Where to write to: $1 or $2.';

create table orders (
    id       bigint generated always as identity primary key,
    customer bigint not null references customers on delete cascade,
    replaces bigint references orders on delete set null,
    state    state not null default 'open',
    placed   timestamptz not null default now()
);
create index orders_customer_idx on orders (customer, placed desc) where state = 'open';
comment on index orders_customer_idx is 'Orders of a customer: WHERE customer = $1 ORDER BY placed DESC.';

alter table orders enable row level security;
alter table orders force row level security;
create policy orders_own on orders using (customer = current_setting('app.customer', true)::bigint);

create view open_orders as select o.id, c.email from orders o join customers c on c.id = o.customer where o.state = 'open';
comment on view open_orders is 'What has to be paid.';

-- Where the server offers it, addresses could be compared whatever their case; here nobody may make it.
do $$
begin
    create extension if not exists citext;
    alter table customers alter email type citext;
exception when insufficient_privilege or undefined_file then null;
end $$;
