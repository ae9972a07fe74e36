drop sequence invoice_numbers;
drop table orders;
drop table customers;
