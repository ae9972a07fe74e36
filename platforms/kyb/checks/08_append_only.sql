-- check: Audit trail and assessments are only added to
-- expect: value = 4
-- severity: error
-- description: The triggers that refuse every change of audit_logs and risk_assessments are there and enabled
-- remedy: caisson migrate up; ALTER TABLE … ENABLE TRIGGER; then ask what was changed meanwhile
SELECT count(*)
  FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
 WHERE c.relnamespace = 'public'::regnamespace AND t.tgenabled IN ('O', 'A')
   AND (c.relname, t.tgname) IN (('audit_logs', 'audit_logs_unchanged'), ('audit_logs', 'audit_logs_kept'),
                                 ('risk_assessments', 'risk_assessments_unchanged'),
                                 ('risk_assessments', 'risk_assessments_kept'))
   AND t.tgfoid = to_regproc('public.refuse_change')
   AND t.tgtype::integer & 48 = CASE WHEN t.tgname LIKE '%unchanged' THEN 16 ELSE 32 END  -- UPDATE, TRUNCATE.
