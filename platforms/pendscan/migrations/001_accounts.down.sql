-- Takes away what 001_accounts.sql made, and everything in it. Extensions stay: they are not ours to remove.
DROP TABLE wallets;
DROP TABLE users;
DROP TABLE admin_actions;
DROP FUNCTION current_admin();
DROP TABLE admin_users;
DROP TYPE admin_role;
DROP FUNCTION refuse_change();
DROP FUNCTION touch_updated_at();
