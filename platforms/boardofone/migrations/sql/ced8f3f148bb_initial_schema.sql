-- caisson: description Six tables, their indexes and rights (BO1-1, BO1-2, BO1-4)
--
-- A user asks a board: a session holds the question, personas contribute to it round by round, then vote.
-- Columns are those of the document and no others, but for sessions.created_at: the document has an index on it.
-- The seventh table, alembic_version, is the history and is kept by whoever applies this file.

-- ---------------------------------------------------------------------------------------------------- users
CREATE TABLE users (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email             text NOT NULL CONSTRAINT users_email_key UNIQUE,
    auth_provider     text NOT NULL,
    subscription_tier text NOT NULL DEFAULT 'free',
    gdpr_consent_at   timestamptz,
    -- Small letters only, so that UNIQUE means one account for each address, whatever the case it was typed in.
    CONSTRAINT users_email_form CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' AND email = lower(email)),
    CONSTRAINT users_auth_provider_form CHECK (auth_provider ~ '^[a-z0-9_]+$'),
    CONSTRAINT users_subscription_tier_known CHECK (subscription_tier IN ('free', 'pro', 'enterprise'))
);
COMMENT ON TABLE users IS
    'Accounts. Supabase Auth makes them through the service role; the application sees its own by own_account().';
COMMENT ON COLUMN users.id IS 'The subject of the token that Supabase Auth issues; what app.current_user_id is set to.';
COMMENT ON COLUMN users.email IS 'Address to sign in with, in small letters.';
COMMENT ON COLUMN users.auth_provider IS 'How the account signs in, as Supabase Auth calls it: email, google, github.';
COMMENT ON COLUMN users.subscription_tier IS 'free, pro or enterprise.';
COMMENT ON COLUMN users.gdpr_consent_at IS 'When the user agreed to the processing of their data; empty: not yet.';
COMMENT ON INDEX users_email_key IS 'Sign-in: WHERE email = lower($1). One account for each address.';

-- ------------------------------------------------------------------------------------------------- personas
CREATE TABLE personas (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code          text NOT NULL CONSTRAINT personas_code_key UNIQUE,
    name          text NOT NULL,
    expertise     text NOT NULL,
    system_prompt text NOT NULL,
    CONSTRAINT personas_code_form CHECK (code ~ '^[a-z][a-z0-9_]*$'),
    CONSTRAINT personas_name_given CHECK (btrim(name) <> ''),
    CONSTRAINT personas_expertise_given CHECK (btrim(expertise) <> ''),
    CONSTRAINT personas_system_prompt_given CHECK (btrim(system_prompt) <> '')
);
COMMENT ON TABLE personas IS 'The experts that may sit on a board. Reference data: the application only reads it.';
COMMENT ON COLUMN personas.id IS 'A number of this database. What refers to a persona does so by its code.';
COMMENT ON COLUMN personas.code IS 'The name that programs use; the same in every environment, never used for another.';
COMMENT ON COLUMN personas.name IS 'As shown to users. All of them are invented.';
COMMENT ON COLUMN personas.expertise IS 'The field, in a few words; what a board is chosen by.';
COMMENT ON COLUMN personas.system_prompt IS 'What the model is told before it speaks as this persona.';
COMMENT ON INDEX personas_code_key IS 'Loading a persona: WHERE code = $1; what contributions and votes refer to.';

-- ------------------------------------------------------------------------------------------------- sessions
CREATE TABLE sessions (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id           uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    problem_statement text NOT NULL,
    status            text NOT NULL DEFAULT 'created',
    phase             text NOT NULL DEFAULT 'decomposition',
    total_cost        numeric(12, 6) NOT NULL DEFAULT 0,
    round_number      bigint NOT NULL DEFAULT 0,
    created_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT sessions_problem_statement_given CHECK (btrim(problem_statement) <> ''),
    CONSTRAINT sessions_status_known
        CHECK (status IN ('created', 'running', 'paused', 'completed', 'failed', 'killed')),
    CONSTRAINT sessions_phase_known
        CHECK (phase IN ('decomposition', 'selection', 'initial_round', 'discussion', 'voting', 'synthesis')),
    CONSTRAINT sessions_total_cost_range CHECK (total_cost >= 0),
    CONSTRAINT sessions_round_number_range CHECK (round_number >= 0)
);
COMMENT ON TABLE sessions IS 'Deliberations: a question of a user, and how far the board has come with it.';
COMMENT ON COLUMN sessions.id IS 'Name of the session; {id} in its keys in Redis.';
COMMENT ON COLUMN sessions.user_id IS 'Whose it is. Only they see it. It goes when the account goes.';
COMMENT ON COLUMN sessions.problem_statement IS 'What the user asked, in their words.';
COMMENT ON COLUMN sessions.status IS
    'created, running, paused (by the user), completed, failed, or killed (by a user, an administrator or a limit).';
COMMENT ON COLUMN sessions.phase IS
    'decomposition, selection, initial_round, discussion, voting or synthesis: where it is, or where it stopped.';
COMMENT ON COLUMN sessions.total_cost IS 'What its calls of models have cost so far, in US dollars.';
COMMENT ON COLUMN sessions.round_number IS 'The round it is in; 0 before the first.';
COMMENT ON COLUMN sessions.created_at IS 'When the question was asked.';

CREATE INDEX idx_sessions_user_id ON sessions (user_id, created_at DESC);
COMMENT ON INDEX idx_sessions_user_id IS
    'A user''s sessions, newest first: ORDER BY created_at DESC under the policy; the foreign key to users.';
CREATE INDEX idx_sessions_status ON sessions (status, created_at);
COMMENT ON INDEX idx_sessions_status IS
    'What runs, oldest first, for the watchdog: WHERE status = $1 ORDER BY created_at.';
CREATE INDEX idx_sessions_created_at ON sessions (created_at);
COMMENT ON INDEX idx_sessions_created_at IS
    'Sessions and cost of a period: WHERE created_at >= $1 AND created_at < $2.';

-- -------------------------------------------------------------------------------------------- contributions
CREATE TABLE contributions (
    id           bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    session_id   uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    -- caisson: lint-ignore foreign-key-without-index a persona that has spoken is not deleted: nobody looks from there
    persona_code text NOT NULL REFERENCES personas (code) ON DELETE RESTRICT,
    content      text NOT NULL,
    round_number bigint NOT NULL,
    phase        text NOT NULL,
    cost         numeric(12, 6) NOT NULL DEFAULT 0,
    tokens       bigint NOT NULL DEFAULT 0,
    CONSTRAINT contributions_content_given CHECK (btrim(content) <> ''),
    CONSTRAINT contributions_round_number_range CHECK (round_number >= 1),
    CONSTRAINT contributions_phase_known CHECK (phase IN ('initial_round', 'discussion')),
    CONSTRAINT contributions_cost_range CHECK (cost >= 0),
    CONSTRAINT contributions_tokens_range CHECK (tokens >= 0)
);
COMMENT ON TABLE contributions IS
    'What personas said, in the order of id. The application adds and reads; what was said is not changed.';
COMMENT ON COLUMN contributions.id IS 'Number of the contribution; orders those of a session.';
COMMENT ON COLUMN contributions.session_id IS 'Where it was said; it belongs to the user of that session.';
COMMENT ON COLUMN contributions.persona_code IS 'Who said it.';
COMMENT ON COLUMN contributions.content IS 'What was said, in Markdown.';
COMMENT ON COLUMN contributions.round_number IS 'In which round, from 1.';
COMMENT ON COLUMN contributions.phase IS 'initial_round or discussion: personas speak in no other.';
COMMENT ON COLUMN contributions.cost IS 'What the call of the model cost, in US dollars.';
COMMENT ON COLUMN contributions.tokens IS 'Tokens of that call, prompt and answer together.';

CREATE INDEX idx_contributions_session_id ON contributions (session_id, id);
COMMENT ON INDEX idx_contributions_session_id IS
    'A session as it was spoken: WHERE session_id = $1 ORDER BY id; the policy; the foreign key to sessions.';
CREATE INDEX idx_contributions_round_number ON contributions (round_number, session_id);
COMMENT ON INDEX idx_contributions_round_number IS
    'A round: WHERE session_id = $1 AND round_number = $2; how many reach a late one: WHERE round_number >= $1.';

-- ---------------------------------------------------------------------------------------------------- votes
CREATE TABLE votes (
    id           bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    session_id   uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    -- caisson: lint-ignore foreign-key-without-index a persona that has voted is not deleted: nobody looks from there
    persona_code text NOT NULL REFERENCES personas (code) ON DELETE RESTRICT,
    vote_choice  text NOT NULL,
    reasoning    text NOT NULL,
    confidence   numeric(3, 2) NOT NULL,
    CONSTRAINT votes_vote_choice_known CHECK (vote_choice IN ('approve', 'conditional', 'reject', 'abstain')),
    CONSTRAINT votes_reasoning_given CHECK (btrim(reasoning) <> ''),
    CONSTRAINT votes_confidence_range CHECK (confidence BETWEEN 0 AND 1)
);
COMMENT ON TABLE votes IS
    'How each persona voted on the recommendation of a session. The application adds and reads; a vote stands.';
COMMENT ON COLUMN votes.id IS 'Number of the vote.';
COMMENT ON COLUMN votes.session_id IS 'What was voted on; it belongs to the user of that session.';
COMMENT ON COLUMN votes.persona_code IS 'Who voted.';
COMMENT ON COLUMN votes.vote_choice IS
    'approve, conditional (under conditions that reasoning names), reject or abstain.';
COMMENT ON COLUMN votes.reasoning IS 'Why; for conditional votes, under which conditions.';
COMMENT ON COLUMN votes.confidence IS 'How sure the persona is, from 0 to 1.';

-- Unique, because a vote that is sent again after a lost answer must not count twice.
CREATE UNIQUE INDEX idx_votes_session_id ON votes (session_id, persona_code);
COMMENT ON INDEX idx_votes_session_id IS
    'Votes of a session: WHERE session_id = $1; one for each persona; the policy; the foreign key to sessions.';

-- ------------------------------------------------------------------------------------------------ audit_log
CREATE TABLE audit_log (
    id            bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    user_id       uuid REFERENCES users (id) ON DELETE SET NULL,
    action        text NOT NULL,
    resource_type text NOT NULL,
    resource_id   text NOT NULL,
    details       jsonb NOT NULL DEFAULT '{}',
    timestamp     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT audit_log_action_form CHECK (action ~ '^[a-z_]+(\.[a-z_]+)+$'),
    CONSTRAINT audit_log_resource_type_given CHECK (btrim(resource_type) <> ''),
    CONSTRAINT audit_log_details_object CHECK (jsonb_typeof(details) = 'object')
);
COMMENT ON TABLE audit_log IS
    'Who did what. Only added to. What it speaks of may be gone, therefore it names resources instead of referring.';
COMMENT ON COLUMN audit_log.id IS 'Number of the entry.';
COMMENT ON COLUMN audit_log.user_id IS
    'Who acted; empty for the system itself, and once the account is erased: the entry stays, the person goes.';
COMMENT ON COLUMN audit_log.action IS 'What was done, such as session.killed.';
COMMENT ON COLUMN audit_log.resource_type IS 'The table of what it was done to.';
COMMENT ON COLUMN audit_log.resource_id IS 'The key of what it was done to.';
COMMENT ON COLUMN audit_log.details IS
    'What else an auditor needs, as an object. No personal data: it outlives the account.';
COMMENT ON COLUMN audit_log.timestamp IS 'When it happened.';

CREATE INDEX idx_audit_log_user_id ON audit_log (user_id, timestamp DESC);
COMMENT ON INDEX idx_audit_log_user_id IS
    'What a user did, newest first: ORDER BY timestamp DESC under the policy; the foreign key to users.';
CREATE INDEX idx_audit_log_timestamp ON audit_log (timestamp);
COMMENT ON INDEX idx_audit_log_timestamp IS 'A period, all users: WHERE timestamp >= $1 AND timestamp < $2.';
CREATE INDEX idx_audit_log_resource ON audit_log (resource_type, resource_id);
COMMENT ON INDEX idx_audit_log_resource IS 'History of a row: WHERE resource_type = $1 AND resource_id = $2.';

-- ------------------------------------------------------------------------------------------------- accounts
-- The document puts no policy on users. A right to read that table would be a right to every address in it, so the
-- application has none and asks here.
CREATE FUNCTION own_account() RETURNS SETOF users
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog AS $$
    SELECT * FROM public.users WHERE id = nullif(current_setting('app.current_user_id', true), '')::uuid
$$;
COMMENT ON FUNCTION own_account() IS
    'The account that app.current_user_id names, and no other; no row when none is set.';
REVOKE ALL ON FUNCTION own_account() FROM PUBLIC;

-- ----------------------------------------------------------------------------------------------- privileges
-- Roles and their usual privileges come from provisioning. Their names begin as that of the database's owner does
-- (boardofone_owner, boardofone_app); elsewhere they may not exist.
-- The tables are closed to everybody whom the policies of the next revision will bind, and that revision opens them:
-- there is no moment, and no way back, at which users see each other's sessions. Sequences stay closed: an identity
-- column needs no right to its own.
DO $$
DECLARE
    prefix CONSTANT text := (
        SELECT CASE WHEN r.rolname LIKE '%\_owner' THEN left(r.rolname, -6) ELSE d.datname END
          FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE d.datname = current_database());
    bound name;
BEGIN
    FOR bound IN SELECT rolname FROM pg_roles
                  WHERE rolname IN (prefix || '_app', prefix || '_readonly', prefix || '_auditor', prefix || '_advisor')
    LOOP
        EXECUTE format('REVOKE ALL ON users, personas, sessions, contributions, votes, audit_log FROM %I', bound);
        EXECUTE format('REVOKE ALL ON SEQUENCE personas_id_seq, contributions_id_seq, votes_id_seq, audit_log_id_seq '
                       'FROM %I', bound);
    END LOOP;
END
$$;
