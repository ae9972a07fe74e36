--- fires 1:52
ALTER TABLE "core_recipe" ADD COLUMN "foo" boolean DEFAULT random();
--- fires 1:33
alter table t add column a uuid default gen_random_uuid() not null;
--- fires 2:24
ALTER TABLE foo
ADD COLUMN bar numeric GENERATED ALWAYS AS (bar + baz) STORED;
--- fires 1:48
alter table t set logged, add column c integer default my_function(1);
--- fine
ALTER TABLE "core_recipe" ADD COLUMN "foo" integer DEFAULT 10;
--- fine
alter table t add column a timestamptz default now();
alter table t add column b timestamptz default current_timestamp;
--- fine
alter table t add column a jsonb default '{}'::jsonb, add b int default 2 + 2, add c text default lower('A');
--- fine
create table t (a uuid default gen_random_uuid());
alter table t add column b uuid default gen_random_uuid();
