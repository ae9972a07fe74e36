-- check: Seeds
-- expect: empty
-- severity: error
-- description: Ten headings for assets everywhere; twelve users with wallets, assets, investments, applications in the sample (PND-5 to PND-8)
-- remedy: caisson seed
WITH counted (what, found, expected, sample) AS (
    SELECT 'asset categories', count(*), 10, false FROM public.asset_categories
    UNION ALL SELECT 'administrators', count(*), 5, true FROM public.admin_users
    UNION ALL SELECT 'users', count(*), 12, true FROM public.users
    UNION ALL SELECT 'people', count(*), 12, true FROM pii.people
    UNION ALL SELECT 'wallets', count(*), 13, true FROM public.wallets
    UNION ALL SELECT 'assets', count(*), 8, true FROM public.assets
    UNION ALL SELECT 'investments', count(*), 18, true FROM public.investments
    UNION ALL SELECT 'KYC applications', count(*), 12, true FROM public.kyc_applications
    UNION ALL SELECT 'KYC documents', count(*), 29, true FROM public.kyc_documents
    UNION ALL SELECT 'blocks', count(*), 3, true FROM public.blocks
)
-- What is more than the seeds is somebody's work. A session that seeds no sample data says so (set
-- caisson.sample_seeds = off): a protected environment.
SELECT what || ': ' || found || ', expected ' || expected || ' or more' AS finding
  FROM counted
 WHERE found < expected
   AND (NOT sample OR coalesce(current_setting('caisson.sample_seeds', true), '') <> 'off')
