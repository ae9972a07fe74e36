-- check: No secret in clear text
-- expect: empty
-- severity: error
-- description: Keys and tokens are 32 bytes of hash, passwords Argon2id, signing secrets sealed (KYB-3, KYB-10)
-- remedy: caisson migrate up; what was kept in clear text is known now: revoke it
WITH expected (relation, name, condition) AS (VALUES
    ('users', 'users_password_hashed', '%argon2id%'),
    ('api_keys', 'api_keys_hash_length', '%octet_length(key_hash) = 32%'),
    ('email_verification_tokens', 'email_verification_tokens_hash_length', '%octet_length(token_hash) = 32%'),
    ('password_reset_tokens', 'password_reset_tokens_hash_length', '%octet_length(token_hash) = 32%'),
    ('token_blacklist', 'token_blacklist_hash_length', '%octet_length(token_hash) = 32%'),
    ('webhooks', 'webhooks_secret_sealed_length', '%octet_length(secret_sealed) >= 60%')
)
SELECT expected.relation || ': constraint ' || expected.name || ' is missing, or another one' AS finding
  FROM expected
 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k
                    WHERE k.conrelid = to_regclass('public.' || expected.relation) AND k.conname = expected.name
                      AND k.convalidated AND pg_get_constraintdef(k.oid) LIKE expected.condition)
UNION ALL
SELECT c.relname || '.' || a.attname || ' is called like a secret and is neither hashed nor sealed'
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
   AND a.attname ~ '(token|secret|password|api_key|credential)' AND a.attname !~ '(_hash|_sealed|_key_id)$'
