-- caisson: description The tables of the root Prisma schema, as old main databases have them (GRC-8)
-- caisson: feature legacy
-- caisson: ensure (select array_agg(column_name::text) from information_schema.columns where table_schema = 'public' and table_name = 'users') @> array['id', 'email', 'name', 'password_hash', 'role', 'created_at', 'updated_at']
-- caisson: ensure (select array_agg(column_name::text) from information_schema.columns where table_schema = 'public' and table_name = 'frameworks') @> array['id', 'name', 'version']
-- caisson: ensure (select array_agg(column_name::text) from information_schema.columns where table_schema = 'public' and table_name = 'assessments') @> array['id', 'framework_id', 'title', 'status', 'score', 'created_by', 'created_at']
-- caisson: ensure (select array_agg(column_name::text) from information_schema.columns where table_schema = 'public' and table_name = 'activity_logs') @> array['id', 'user_id', 'action', 'entity', 'details', 'created_at']
-- caisson: irreversible the tables and their rows were there before us
-- caisson: lint-ignore-file prefer-text-field, prefer-timestamp-tz, prefer-bigint-over-int as `prisma db push` made them
-- caisson: lint-ignore-file prefer-identity, foreign-key-without-index as `prisma db push` made them
--
-- Adopted, not extended: nothing of ours refers to these tables, and no later file changes them. They are written down
-- so that drift, proofs and a laptop know what stands in an old database. An old database has them already: then this
-- file makes nothing, and `ensure` looks whether they are what is meant. Their names and ours do not meet, and what
-- reads them today goes on reading them.

CREATE TABLE IF NOT EXISTS users (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email         varchar(255) NOT NULL,
    name          varchar(255),
    password_hash varchar(255),
    role          varchar(50) NOT NULL DEFAULT 'user',
    created_at    timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at    timestamp(3) NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS users_email_key ON users (email);

CREATE TABLE IF NOT EXISTS frameworks (
    id      serial PRIMARY KEY,
    name    varchar(255) NOT NULL,
    version varchar(50)
);

CREATE TABLE IF NOT EXISTS assessments (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    framework_id integer NOT NULL REFERENCES frameworks (id) ON UPDATE CASCADE ON DELETE RESTRICT,
    title        varchar(255) NOT NULL,
    status       varchar(50) NOT NULL DEFAULT 'draft',
    score        double precision,
    created_by   uuid REFERENCES users (id) ON UPDATE CASCADE ON DELETE SET NULL,
    created_at   timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE IF NOT EXISTS activity_logs (
    id         serial PRIMARY KEY,
    user_id    uuid REFERENCES users (id) ON UPDATE CASCADE ON DELETE SET NULL,
    action     varchar(100) NOT NULL,
    entity     varchar(100),
    details    jsonb,
    created_at timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
