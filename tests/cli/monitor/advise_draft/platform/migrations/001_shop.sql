create table customers (
    id   bigint generated always as identity primary key,
    name text not null
);
create table orders (
    id       bigint generated always as identity primary key,
    customer bigint not null references customers (id),
    placed   timestamptz not null
);
create index orders_customer_placed on orders (customer, placed);
create index orders_customer on orders (customer);
create sequence invoice_numbers maxvalue 1000;
select setval('invoice_numbers', 900);
create table notes (note text);
create table events (at timestamptz not null, customer bigint references customers (id)) partition by range (at);
create table events_2026 partition of events for values from ('2026-01-01') to ('2027-01-01');
create table payments (customer bigint references customers (id), amount bigint, id bigint generated always as identity primary key);
