--- fires 2:5
CREATE TABLE t (
    a char(10)
);
--- fires 1:26
alter table t add column a character(3);
--- fires 1:17
create table t (a char);
--- fine
create table t (a text, b varchar(3), c "char");
