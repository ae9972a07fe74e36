-- check: Nothing without an entry
-- expect: empty
-- severity: error
-- description: Every user, asset, investment and KYC application has the entry of its making; personal data is in no entry (PND-9)
-- remedy: somebody wrote past the triggers; explain it to the auditor before entries are added
SELECT 'users ' || u.id || ' has no entry in audit_trail' AS finding FROM public.users u
 WHERE NOT EXISTS (SELECT FROM public.audit_trail a WHERE a.table_name = 'users' AND a.record_id = u.id::text)
UNION ALL
SELECT 'assets ' || s.id || ' has no entry in audit_trail' FROM public.assets s
 WHERE NOT EXISTS (SELECT FROM public.audit_trail a WHERE a.table_name = 'assets' AND a.record_id = s.id::text)
UNION ALL
SELECT 'investments ' || i.id || ' has no entry in audit_trail' FROM public.investments i
 WHERE NOT EXISTS (SELECT FROM public.audit_trail a WHERE a.table_name = 'investments' AND a.record_id = i.id::text)
UNION ALL
SELECT 'kyc_applications ' || k.id || ' has no entry in audit_trail' FROM public.kyc_applications k
 WHERE NOT EXISTS (SELECT FROM public.audit_trail a WHERE a.table_name = 'kyc_applications' AND a.record_id = k.id::text)
UNION ALL
SELECT 'entry ' || a.id || ' about ' || a.table_name || ' holds a value that should be sealed'
  FROM public.audit_trail a
 CROSS JOIN LATERAL jsonb_each(coalesce(a.new_values, '{}') || coalesce(a.old_values, '{}')) AS v
 WHERE a.table_name LIKE 'pii.%' AND v.key NOT IN ('user_id', 'document_id') AND v.value NOT IN ('"sealed"', 'null')
