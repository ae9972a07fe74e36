-- check: Seven tables
-- expect: value = 7
-- description: As the document counts them: six and alembic_version (BO1-1)
-- remedy: caisson migrate; a table that is not ours belongs in a schema of its own
SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'public';

-- check: Four policies
-- expect: value = 4
-- description: As the document counts them (BO1-3)
-- remedy: caisson migrate
SELECT count(*) FROM pg_catalog.pg_policies WHERE schemaname = 'public';

-- check: Eighteen indexes
-- expect: value = 18
-- description: As the document counts them: nine named ones, seven primary keys, two unique constraints (BO1-2)
-- remedy: caisson migrate; an index that is worth having is worth a revision, and another number here
SELECT count(*) FROM pg_catalog.pg_indexes WHERE schemaname = 'public';

-- check: Forty-five personas
-- expect: value = 45
-- description: As the document counts them (BO1-4)
-- remedy: caisson seed
SELECT count(*) FROM public.personas;
