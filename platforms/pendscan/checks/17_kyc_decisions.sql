-- check: Every KYC decision is signed and accounted for
-- expect: empty
-- severity: error
-- description: A decision has an administrator, an entry in admin_actions and, where it refuses, a reason; one open application a user (PND-6)
-- remedy: caisson seed; a decision without an entry has to be explained to the auditor before one is added
SELECT 'KYC application ' || k.id || ' is ' || k.status || ' and has no entry kyc.' || k.status || ' in admin_actions' AS finding
  FROM public.kyc_applications k
 WHERE k.status IN ('approved', 'rejected')
   AND NOT EXISTS (SELECT FROM public.admin_actions a
                    WHERE a.target_type = 'kyc_applications' AND a.target_id = k.id::text AND a.action = 'kyc.' || k.status)
UNION ALL
SELECT 'KYC application ' || id || ' is ' || status || ' without a signature or a reason' FROM public.kyc_applications
 WHERE status IN ('approved', 'rejected', 'expired') AND decided_by IS NULL
    OR status IN ('rejected', 'needs_information') AND coalesce(btrim(reason), '') = ''
UNION ALL
SELECT 'user ' || user_id || ' has ' || count(*) || ' open KYC applications' FROM public.kyc_applications
 WHERE status IN ('pending', 'in_review', 'needs_information') GROUP BY user_id HAVING count(*) > 1
