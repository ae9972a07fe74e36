-- Takes the embeddings away. The extension stays: it is not ours to remove.
DROP TABLE search.contribution_embeddings;
DROP SCHEMA search;
