--- fires 2:26
-- instead of
ALTER TABLE distributors ADD CONSTRAINT distfk FOREIGN KEY (address) REFERENCES addresses (address);
--- fires 1:24
ALTER TABLE "accounts" ADD CONSTRAINT "positive_balance" CHECK ("balance" >= 0);
--- fires 1:15
alter table t add check (a > 0);
--- fires 3:15
begin;
alter table t add constraint c check (a > 0) not valid;
alter table t validate constraint c;
commit;
--- fires 2:15
alter table t add constraint c check (a > 0) not valid;
alter table t validate constraint c;
--- fine
ALTER TABLE "accounts" ADD CONSTRAINT "positive_balance" CHECK ("balance" >= 0) NOT VALID;
--- fine apart
alter table t add constraint c check (a > 0) not valid;
alter table t validate constraint c;
--- fine
alter table t add constraint c check (a > 0) not valid;
--- then
alter table t validate constraint c;
--- fine
create table t (a int);
alter table t add constraint c check (a > 0);
--- fine
alter table t add constraint u unique using index i;
