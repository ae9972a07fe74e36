-- Takes away the accounts and all that hangs on them.
DROP TABLE sign_in_events;
DROP TABLE memberships;
DROP TABLE user_credentials;
DROP TABLE users;
DROP TABLE role_permissions;
DROP TABLE permissions;
DROP TABLE roles;
DROP FUNCTION touch_updated_at();
