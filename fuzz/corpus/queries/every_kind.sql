-- One of everything that the parser knows, as short as it goes.
-- database: main

-- name: one_thing :one
-- timeout: 2s
-- cache: thing:{id} ttl 60s
SELECT id AS "id!", note AS "note?", '@text' || $q$@quoted$q$ FROM things WHERE id = @id::bigint /* @comment */;

-- name: some_things :many
-- nullable: owner
SELECT * FROM things
 WHERE owner IS NOT DISTINCT FROM @owner AND tags @> @tags
   -- filter: state In this state.
   AND state = @state
   -- end
 ORDER BY
   -- order: newest
   made_at DESC, id
   -- order: by_name
   name, id
   -- end
 LIMIT @at_most;

-- name: may_be :optional
SELECT 1;
-- name: do_it :exec
DELETE FROM things WHERE id = @id;
-- name: all_of_them :stream
SELECT id FROM things;
-- name: many_at_once :batch
UPDATE things SET note = @note WHERE id = @id;
-- name: load :copy
INSERT INTO things (id, note) VALUES (@id, @note);
