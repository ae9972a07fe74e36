-- caisson: description Organisations, who belongs to them, and the frameworks they are held to (GRC-5)
--
-- An organisation is the tenant: every other row of this database belongs to one. Made by `prisma migrate dev
-- --create-only` from prisma/schema.prisma, then completed by hand with what Prisma has no words for: checks, comments.
-- Names of constraints and indexes are Prisma's own, so that it finds nothing to change.

-- CreateEnum
CREATE TYPE sector AS ENUM (
    'government', 'banking', 'insurance', 'energy', 'healthcare', 'telecommunications', 'other');
COMMENT ON TYPE sector IS 'What an organisation does; it decides which authorities supervise it.';

-- CreateTable
CREATE TABLE organisations (
    id         uuid NOT NULL DEFAULT gen_random_uuid(),
    slug       text NOT NULL,
    name_en    text NOT NULL,
    name_ar    text,
    sector     sector NOT NULL,
    is_active  boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT organisations_pkey PRIMARY KEY (id),
    CONSTRAINT organisations_slug_form CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    CONSTRAINT organisations_name_en_given CHECK (btrim(name_en) <> ''),
    CONSTRAINT organisations_name_ar_script CHECK (name_ar ~ '[ء-ي]')
);
COMMENT ON TABLE organisations IS
    'The tenants. Their id stands for them in the other three databases, too. Closed, never deleted.';
COMMENT ON COLUMN organisations.id IS 'Stable name, the same in all four databases.';
COMMENT ON COLUMN organisations.slug IS 'Name in addresses and keys.';
COMMENT ON COLUMN organisations.name_en IS 'Name in English.';
COMMENT ON COLUMN organisations.name_ar IS 'Name in Arabic, where one is registered.';
COMMENT ON COLUMN organisations.sector IS 'What it does.';
COMMENT ON COLUMN organisations.is_active IS 'False once it was closed.';
COMMENT ON COLUMN organisations.created_at IS 'When it came aboard.';
COMMENT ON COLUMN organisations.updated_at IS 'When the row last changed.';

-- CreateTable
CREATE TABLE organisation_members (
    organisation_id uuid NOT NULL,
    user_id         uuid NOT NULL,
    role_code       text NOT NULL,
    added_at        timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT organisation_members_pkey PRIMARY KEY (organisation_id, user_id),
    CONSTRAINT organisation_members_role_code_form CHECK (role_code ~ '^[a-z]+(_[a-z]+)*$'),
    CONSTRAINT organisation_members_organisation_id_fkey
        FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);
COMMENT ON TABLE organisation_members IS
    'Who sees an organisation''s rows. A copy: the truth is `memberships` in the access-control database, and only '
    'whoever changes it there (the service role) writes here.';
COMMENT ON COLUMN organisation_members.organisation_id IS 'The organisation.';
COMMENT ON COLUMN organisation_members.user_id IS 'users.id of the access-control database.';
COMMENT ON COLUMN organisation_members.role_code IS 'roles.code of the access-control database.';
COMMENT ON COLUMN organisation_members.added_at IS 'When this copy was written.';

-- CreateIndex
CREATE INDEX organisation_members_user_id_idx ON organisation_members (user_id);
COMMENT ON INDEX organisation_members_user_id_idx IS
    'Every policy: the organisations of the current user, WHERE user_id = $1.';

-- CreateTable
CREATE TABLE organisation_frameworks (
    organisation_id uuid NOT NULL,
    framework_code  text NOT NULL,
    mandated_by     text,
    owner_user_id   uuid,
    applies_since   date NOT NULL,

    CONSTRAINT organisation_frameworks_pkey PRIMARY KEY (organisation_id, framework_code),
    CONSTRAINT organisation_frameworks_framework_code_form CHECK (framework_code ~ '^[A-Z0-9]+(-[A-Z0-9.]+)*$'),
    CONSTRAINT organisation_frameworks_organisation_id_fkey
        FOREIGN KEY (organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);
COMMENT ON TABLE organisation_frameworks IS 'What an organisation is held to, and by whom.';
COMMENT ON COLUMN organisation_frameworks.organisation_id IS 'The organisation.';
COMMENT ON COLUMN organisation_frameworks.framework_code IS
    'frameworks.code of the compliance database, such as NCA-ECC-1-2018. Between databases no foreign key can hold.';
COMMENT ON COLUMN organisation_frameworks.mandated_by IS
    'authorities.code of who demands it; empty when the organisation chose it.';
COMMENT ON COLUMN organisation_frameworks.owner_user_id IS 'Who answers for it: users.id.';
COMMENT ON COLUMN organisation_frameworks.applies_since IS 'First day on which it had to be met.';

-- CreateIndex
CREATE UNIQUE INDEX organisations_slug_key ON organisations (slug);
COMMENT ON INDEX organisations_slug_key IS 'An organisation by its address: WHERE slug = $1.';

-- CreateIndex
CREATE INDEX organisation_frameworks_framework_code_idx ON organisation_frameworks (framework_code);
COMMENT ON INDEX organisation_frameworks_framework_code_idx IS
    'Whom a new version of a framework concerns: WHERE framework_code = $1.';
