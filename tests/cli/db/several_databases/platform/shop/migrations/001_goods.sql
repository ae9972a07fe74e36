create table goods (name citext primary key);
