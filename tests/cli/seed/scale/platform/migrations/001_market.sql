create table customers (
    id         uuid primary key,
    email      text not null unique,
    reason     text,
    created_at timestamptz not null
);
create table orders (
    id          bigint generated always as identity primary key,
    customer_id uuid not null references customers,
    amount      numeric(12, 2) not null check (amount > 0)
);
create index orders_customer_idx on orders (customer_id);
