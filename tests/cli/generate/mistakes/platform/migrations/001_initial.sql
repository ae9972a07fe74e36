create type state as enum ('open', 'paid', 'sent back');
comment on type state is 'How far an order has come.';

create table customers (
    id    bigint generated always as identity primary key,
    email text not null unique
);
comment on table customers is 'Who buys here.';
comment on column customers.email is 'Where to write to.';

create table orders (
    id         uuid primary key default gen_random_uuid(),
    customer   bigint not null references customers,
    "class"    text,
    old_class  text,
    state      state not null default 'open',
    tags       text[] not null default '{}',
    placed     timestamptz not null default now(),
    revision   integer not null default 1,
    deleted_at timestamptz
);
comment on column orders.old_class is 'Deprecated: use class.';
alter table orders enable row level security;
create policy orders_own on orders using (customer = current_setting('app.current_user_id', true)::bigint);

create table lines (
    "order"  uuid not null references orders,
    position smallint not null,
    article  text not null,
    price    numeric(10, 2) not null,
    primary key ("order", position)
);
