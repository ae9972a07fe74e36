-- caisson: description Embeddings of contributions, to find what was said about the like before (BO1-10)
-- caisson: feature semantic_search
--
-- A source and a schema of their own: the revisions in migrations/ stay the document's, and `public` its seven tables.

CREATE SCHEMA search;
COMMENT ON SCHEMA search IS 'What finds things by their meaning. All of it can be computed again.';

CREATE TABLE search.contribution_embeddings (
    contribution_id bigint NOT NULL REFERENCES public.contributions (id) ON DELETE CASCADE,
    model           text NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (contribution_id, model),
    CONSTRAINT contribution_embeddings_model_given CHECK (btrim(model) <> '')
);
COMMENT ON TABLE search.contribution_embeddings IS
    'Embeddings of contributions. Derived: they go when their contribution goes.';
COMMENT ON COLUMN search.contribution_embeddings.contribution_id IS 'What was embedded.';
COMMENT ON COLUMN search.contribution_embeddings.model IS
    'The model that made it, EMBEDDING_MODEL; vectors of different models must not be compared.';
COMMENT ON COLUMN search.contribution_embeddings.created_at IS 'When it was made.';
COMMENT ON INDEX search.contribution_embeddings_pkey IS
    'The embedding of a contribution: WHERE contribution_id = $1 AND model = $2; the policy; the foreign key.';

-- A pgvector where the server offers one, and bytea where not. The extension is usually there already, made by
-- provisioning; elsewhere it is made here if the one who runs this may.
-- There is no approximate index (hnsw): it finds the nearest of all users, of which the policy leaves next to none. A
-- user's own contributions are few enough to be compared one by one.
DO $$
DECLARE
    dimensions CONSTANT integer := 1024;
    home text;
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector' AND installed_version IS NULL) THEN
        BEGIN
            CREATE EXTENSION vector;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'pgvector is offered, but % may not install it: embeddings are bytea', current_user;
        END;
    END IF;
    SELECT n.nspname INTO home
      FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector';
    IF home IS NOT NULL THEN
        EXECUTE format('ALTER TABLE search.contribution_embeddings ADD COLUMN embedding %I.vector(%s) NOT NULL',
                       home, dimensions);
        COMMENT ON COLUMN search.contribution_embeddings.embedding IS 'The embedding, 1024 dimensions.';
    ELSE
        EXECUTE format('ALTER TABLE search.contribution_embeddings ADD COLUMN embedding bytea NOT NULL '
                       'CONSTRAINT contribution_embeddings_embedding_length CHECK (octet_length(embedding) = %s)',
                       4 * dimensions);
        COMMENT ON COLUMN search.contribution_embeddings.embedding IS
            'The embedding: 1024 IEEE 754 single-precision numbers, big-endian.';
    END IF;
END
$$;

-- Contributions are under their own policy in the sub-select: whoever may not see one has no part in its embedding.
ALTER TABLE search.contribution_embeddings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY contribution_embeddings_user_isolation ON search.contribution_embeddings
    USING (contribution_id = ANY (ARRAY(SELECT id FROM public.contributions)))
    WITH CHECK (contribution_id = ANY (ARRAY(SELECT id FROM public.contributions)));
COMMENT ON POLICY contribution_embeddings_user_isolation ON search.contribution_embeddings IS
    'Users have the embeddings of the contributions that they see.';
