-- Accounts, keys and roles: who somebody is, and what they may.

-- name: find_credentials :optional
-- What the application needs to let somebody in. It compares the hash, and shows none of it.
SELECT user_id AS "user_id!", password_hash, status AS "status!", locked_until
  FROM find_credentials(@address);

-- name: record_sign_in :exec
-- A right password: failures are forgotten.
UPDATE users SET failed_sign_ins = 0, locked_until = NULL, last_sign_in_at = now() WHERE id = @id;

-- name: record_failed_sign_in :optional
-- A wrong password: after @most of them in a row the account is locked for a while. Gives the end of the lock.
UPDATE users
   SET failed_sign_ins = least(failed_sign_ins + 1, 32767)::smallint,
       locked_until = CASE WHEN failed_sign_ins + 1 >= @most::integer THEN now() + @lock::interval ELSE locked_until END
 WHERE id = @id
RETURNING locked_until;

-- name: use_api_key :optional
-- Whose key has this SHA-256, and what it may.
-- cache: apikey:{hash} ttl 60s
SELECT key_id AS "key_id!", user_id AS "user_id!", permissions AS "permissions!" FROM use_api_key(@hash);

-- name: roles_of :many
-- The roles that a user has at this moment.
SELECT role FROM role_assignments
 WHERE user_id = @user_id AND assigned_at <= now() AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
 ORDER BY role;

-- name: revoke_role :exec
-- Takes a role back at this moment; 0 when it was not given, or taken before.
UPDATE role_assignments SET revoked_by = @revoked_by, revoked_at = now() WHERE id = @id AND revoked_at IS NULL;

-- name: find_users :many
-- Accounts as colleagues see them; everybody's for analysts, else one's own.
SELECT id AS "id!", email AS "email!", full_name AS "full_name!", company, status AS "status!", roles AS "roles!",
       last_sign_in_at
  FROM user_directory
 WHERE true
   -- filter: status
   AND status = @status
   -- end
   -- filter: role They have this role now.
   AND @role::text = ANY (roles)
   -- end
 ORDER BY full_name, id
 LIMIT @at_most;
