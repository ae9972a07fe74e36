-- check: Every KYC decision is signed and accounted for
-- expect: empty
-- severity: error
-- description: A decision has an administrator, an entry in admin_actions and, where it refuses, a reason; the queue holds open ones only (PND-6)
-- remedy: caisson seed; a decision without an entry has to be explained to the auditor before one is added
SELECT 'KYC application ' || k.id || ' is ' || k.status || ' and has no entry kyc.' || k.status || ' in admin_actions' AS finding
  FROM public.kyc_applications k
 WHERE k.status IN ('approved', 'rejected')
   AND NOT EXISTS (SELECT FROM public.admin_actions a
                    WHERE a.target_type = 'kyc_applications' AND a.target_id = k.id::text AND a.action = 'kyc.' || k.status)
UNION ALL
SELECT 'KYC application ' || k.id || ' was decided by somebody who reviews a document of another'
  FROM public.kyc_applications k JOIN public.kyc_documents d ON d.application_id = k.id
 WHERE d.user_id <> k.user_id
UNION ALL
SELECT 'user ' || user_id || ' has ' || count(*) || ' open KYC applications' FROM public.kyc_applications
 WHERE status IN ('pending', 'in_review', 'needs_information') GROUP BY user_id HAVING count(*) > 1
UNION ALL
SELECT 'investment ' || i.id || ' is confirmed and went to a wallet of somebody else'
  FROM public.investments i JOIN public.wallets w ON w.id = i.wallet_id
 WHERE i.status = 'confirmed' AND w.user_id <> i.user_id
