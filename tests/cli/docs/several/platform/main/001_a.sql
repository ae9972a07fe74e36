create table a (id int primary key); create schema "Odd Name"; create table "Odd Name"."T.1" (a int references a);
