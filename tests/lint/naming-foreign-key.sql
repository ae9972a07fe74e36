--- fires 1:19
alter table t add constraint "FK" foreign key (a) references o;
--- fine
alter table t add constraint fk foreign key (a) references o;
