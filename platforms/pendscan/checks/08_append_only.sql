-- check: The trail cannot be changed
-- expect: empty
-- severity: error
-- description: Triggers that no session can switch off keep the trail, the actions and the access log; every business table writes the trail (PND-9)
-- remedy: caisson migrate up; ALTER TABLE … ENABLE ALWAYS TRIGGER for one that was switched off
WITH kept (name) AS (VALUES
    ('public.audit_trail'), ('public.admin_actions'), ('pii.access_log')
), audited (name) AS (VALUES
    ('public.admin_users'), ('public.users'), ('public.wallets'), ('public.asset_categories'), ('public.assets'),
    ('public.asset_metrics'), ('public.investments'), ('public.kyc_applications'), ('public.kyc_documents'),
    ('pii.people'), ('pii.document_files')
), event (name, bit) AS (VALUES
    ('INSERT', 4), ('DELETE', 8), ('UPDATE', 16), ('TRUNCATE', 32)
), present AS (
    SELECT n.nspname || '.' || c.relname AS name, t.tgtype::integer AS type, t.tgenabled, p.proname
      FROM pg_catalog.pg_trigger t
      JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
     WHERE NOT t.tgisinternal
)
SELECT lower(event.name) || ' on ' || kept.name || ' is not refused, or only while session_replication_role is origin' AS finding
  FROM kept CROSS JOIN event
 WHERE event.name <> 'INSERT'
   AND NOT EXISTS (SELECT FROM present  -- 2: before
                    WHERE present.name = kept.name AND proname = 'refuse_change' AND type & event.bit > 0 AND type & 2 > 0
                      AND tgenabled = 'A')
UNION ALL
SELECT lower(event.name) || ' on ' || audited.name || ' writes no entry into audit_trail'
  FROM audited CROSS JOIN event
 WHERE NOT EXISTS (SELECT FROM present
                    WHERE present.name = audited.name AND proname = 'audit_trigger_function' AND type & event.bit > 0
                      AND tgenabled IN ('O', 'A'))
