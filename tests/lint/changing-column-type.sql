--- fires 1:27
ALTER TABLE "core_recipe" ALTER COLUMN "edits" TYPE text USING "edits"::text;
--- fires 1:15
alter table t alter a type text;
--- fires 1:15
create table t (a varchar(20));
--- then
alter table t alter a type varchar(10);
--- fires 1:15
create table t (a timestamp);
--- then
alter table t alter a type timestamptz;
--- fires 1:15
create table t (a varchar(10));
--- then
alter table t alter a type varchar(20) using trim(a);
--- fires 1:15 1:36
create table t (a integer, b integer, c varchar(1));
--- then
alter table t alter a type bigint, alter b type text, alter c type text;
--- fine
create table t (a varchar(10));
--- then
alter table t alter a type varchar(20);
alter table t alter a type text;
--- fine
create table t (a numeric(8,2));
--- then
alter table t alter a type numeric(12,2);
--- fine
create table t (a timestamp);
--- then
set timezone = 'UTC';
alter table t alter a type timestamptz;
--- fine
create table t (a int);
alter table t alter a type bigint;
