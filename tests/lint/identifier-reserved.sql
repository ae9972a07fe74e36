--- fires 1:14
create table "order" (a int);
--- fires 1:17
create table t ("user" text);
--- fine
create table orders (user_name text, name text);
