-- check: Alembic's history
-- expect: value = '396e8f26d0a5'
-- description: public.alembic_version names the one head, as `alembic current` would (BO1-5)
-- remedy: caisson migrate, or alembic upgrade head; a new revision is a new head here
SELECT string_agg(version_num, ', ' ORDER BY version_num) FROM public.alembic_version;

-- check: Format of Alembic's history
-- expect: value = 'version_num character varying(32), PRIMARY KEY (version_num)'
-- description: One column, 32 characters, the primary key, as Alembic makes the table (BO1-1)
-- remedy: none by hand: find out who changed it
SELECT (SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
          FROM pg_catalog.pg_attribute
         WHERE attrelid = to_regclass('public.alembic_version') AND attnum > 0 AND NOT attisdropped)
       || ', '
       || (SELECT string_agg(pg_get_constraintdef(oid), ', ' ORDER BY conname)
             FROM pg_catalog.pg_constraint
            WHERE conrelid = to_regclass('public.alembic_version') AND contype IN ('p', 'u', 'c', 'f'));
