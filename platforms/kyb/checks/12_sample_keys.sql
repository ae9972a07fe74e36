-- check: API keys
-- expect: empty
-- severity: error
-- description: The sample data has keys with permissions: three in use, one revoked, one expired (KYB-3)
-- remedy: caisson seed
WITH named (owner, name, state) AS (VALUES
    ('test@kyb.example', 'Onboarding form', 'in use'),
    ('analyst@kyb.example', 'Review desk', 'in use'),
    ('admin@kyb.example', 'Audit export', 'in use'),
    ('vera.lindqvist@kyb.example', 'Old integration', 'revoked'),
    ('vera.lindqvist@kyb.example', 'Trial', 'expired')
), found AS (
    SELECT named.*, k.revoked_at,
           CASE WHEN k.revoked_at IS NOT NULL THEN 'revoked' WHEN k.expires_at <= now() THEN 'expired'
                WHEN k.id IS NOT NULL THEN 'in use' ELSE 'missing' END AS is_now
      FROM named
      LEFT JOIN public.users u ON lower(u.email) = named.owner
      LEFT JOIN public.api_keys k ON k.user_id = u.id AND k.name = named.name
)
SELECT 'key ' || name || ' of ' || owner || ': expected ' || state || ', found ' || is_now AS finding
  FROM found
 WHERE is_now <> state
   AND coalesce(revoked_at <= '2026-03-03', true)  -- Somebody revoked it since.
   AND coalesce(current_setting('caisson.sample_seeds', true), '') <> 'off'
