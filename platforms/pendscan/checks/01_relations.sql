-- check: Tables and views
-- expect: empty
-- severity: error
-- description: public and pii hold the tables, statistics and views of the platform, and public nothing else (PND-5 to PND-8)
-- remedy: caisson migrate up; a table that is not ours belongs in a schema of its own
WITH expected (name, kind) AS (VALUES
    ('public.admin_users', 'table'), ('public.admin_actions', 'table'), ('public.users', 'table'),
    ('public.wallets', 'table'), ('public.asset_categories', 'table'), ('public.assets', 'table'),
    ('public.asset_metrics', 'table'), ('public.investments', 'table'), ('public.kyc_applications', 'table'),
    ('public.kyc_documents', 'table'), ('public.chain_index', 'table'), ('public.blocks', 'table'),
    ('public.transactions', 'table'), ('public.network_metrics', 'table'), ('public.user_events', 'table'),
    ('public.audit_trail', 'table'), ('pii.people', 'table'), ('pii.phone_prefixes', 'table'),
    ('pii.phone_suffixes', 'table'), ('pii.document_files', 'table'), ('pii.access_log', 'table'),
    ('public.real_time_stats', 'statistics'), ('public.network_statistics', 'statistics'),
    ('public.asset_statistics', 'statistics'), ('public.kyc_statistics', 'statistics'),
    ('public.wallet_directory', 'statistics'), ('public.user_directory', 'view'), ('public.user_journeys', 'view')
), present (name, kind) AS (
    SELECT n.nspname || '.' || c.relname,
           CASE c.relkind WHEN 'm' THEN 'statistics' WHEN 'v' THEN 'view' ELSE 'table' END
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('public', 'pii') AND c.relkind IN ('r', 'p', 'f', 'm', 'v')
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d  -- An extension's own table is its affair.
                        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
)
SELECT kind || ' ' || name || ' is missing' AS finding
  FROM (SELECT name, kind FROM expected EXCEPT SELECT name, kind FROM present) AS missing
UNION ALL
SELECT kind || ' ' || name || ' was not expected'
  FROM (SELECT name, kind FROM present EXCEPT SELECT name, kind FROM expected) AS surplus
