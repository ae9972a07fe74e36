create table titles (name text primary key);
