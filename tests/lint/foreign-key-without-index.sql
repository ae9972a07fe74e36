--- fires 1:23
create table t (a int references o);
--- fires 1:15
alter table t add foreign key (a, b) references o not valid;
--- fires 1:24
create table t (a int, foreign key (a) references o);
create index on t (b, a);
--- fine
create table t (a int references o);
create index on t (a);
--- fine
create table t (a int primary key references o);
--- fine
create table t (a int, b int, foreign key (a, b) references o, unique (b, a));
--- fine
alter table t add constraint f foreign key (a) references o not valid;
create index concurrently on t (a);
--- fine
create table t (a int references o);
create index on t (a) where a is not null;
--- fires 1:15
alter table t add foreign key (a) references o not valid;
create index on t (a) where b is not null;
