--- fires 1:15
alter table t add constraint e exclude using gist (r with &&);
--- fine
create table t (r int4range, exclude using gist (r with &&));
