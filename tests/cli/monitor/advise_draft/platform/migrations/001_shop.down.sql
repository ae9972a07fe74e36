drop table payments;
drop table events;
drop table notes;
drop sequence invoice_numbers;
drop table orders;
drop table customers;
