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
