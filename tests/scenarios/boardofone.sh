# SPDX-License-Identifier: Apache-2.0
# Board of One: its database is as the document has it, users read and write nothing of each other, the way back opens
# nothing, and its variables are checked (BO1-3, BO1-5, BO1-6, BO1-7, BO1-11).
source "$(dirname "$0")/story.bash"
takes_platform boardofone
ana=5b0c7a5e-8f0b-4b57-9a3e-2f6f0f9d1a01
ben=c2f4b1d8-64f7-4f0e-8a57-71d0a3c95b02
of_ana=0a6d3c1e-7b52-4e7c-8f3b-5a1c9e2d4f11
of_ben=3d906f41-ae85-4baf-9c6e-8d4f2b5a7c14

# The application works for a user; nothing of it stays.
as() {
  caisson db shell --role app -- -XAtq -c "begin" -c "set local app.current_user_id = '$1'" -c "$2" -c "rollback" 2>&1
}
same() { [ "$2" = "$3" ] || die "$1: expected $3, found $2"; }
is_refused() { case $2 in *"$3"*) ;; *) die "$1: expected to be refused with $3, found $2" ;; esac; }

say "one command sets it up, as the document counts it"
run caisson up --until verify
exits 0
same "tables" "$(sql "select count(*) from pg_tables where schemaname = 'public'")" 7
same "indexes" "$(sql "select count(*) from pg_indexes where schemaname = 'public'")" 18
same "policies" "$(sql "select count(*) from pg_policies where schemaname = 'public'")" 4
same "personas" "$(sql "select count(*) from personas")" 45
same "the head" "$(sql "select version_num from alembic_version")" 396e8f26d0a5

say "nobody sees nothing"
for nobody in "" 00000000-0000-4000-8000-000000000000; do
  for table in sessions contributions votes audit_log; do
    same "$table for '$nobody'" "$(as "$nobody" "select count(*) from $table")" 0
  done
done
is_refused "what is no uuid" "$(as everybody "select count(*) from sessions")" "invalid input syntax for type uuid"

say "a user reads what is theirs, and nothing of another"
same "Ana's sessions" "$(as $ana "select count(*) from sessions")" 3
same "Ana's account" "$(as $ana "select email from own_account()")" ana.silva@example.com
same "Ben's sessions" "$(as $ana "select count(*) from sessions where user_id = '$ben'")" 0
for table in contributions votes; do
  [ "$(as $ana "select count(*) from $table")" != 0 ] || die "Ana has $table"
  same "Ben's $table" "$(as $ana "select count(*) from $table where session_id = '$of_ben'")" 0
done
same "Ben's entries" "$(as $ana "select count(*) from audit_log where user_id is distinct from '$ana'")" 0
is_refused "all accounts" "$(as $ana "select * from users")" "permission denied"
is_refused "what others see" "$(as $ana "select * from visible_to('$ben')")" "permission denied"

say "and writes what is theirs, and nothing of another"
contribution="insert into contributions (session_id, persona_code, content, round_number, phase) values"
vote="insert into votes (session_id, persona_code, vote_choice, reasoning, confidence) values"
entry="insert into audit_log (user_id, action, resource_type, resource_id) values"
same "her own contribution" "$(as $ana "$contribution ('$of_ana', 'ethicist', 'x', 1, 'discussion') returning 'said'")" said
same "her own entry" "$(as $ana "$entry ('$ana', 'a.b', 'x', 'y') returning 'logged'")" logged
same "her own session" "$(as $ana "delete from sessions where id = '$of_ana' returning 'gone'")" gone
same "changing" "$(as $ana "update sessions set status = 'killed' where user_id = '$ben' returning id")" ""
same "deleting" "$(as $ana "delete from sessions where user_id = '$ben' returning id")" ""
policy="violates row-level security policy"
is_refused "a session" "$(as $ana "insert into sessions (user_id, problem_statement) values ('$ben', 'x')")" "$policy"
is_refused "giving away" "$(as $ana "update sessions set user_id = '$ben' where id = '$of_ana'")" "$policy"
is_refused "a contribution" "$(as $ana "$contribution ('$of_ben', 'ethicist', 'x', 1, 'discussion')")" "$policy"
is_refused "a vote" "$(as $ana "$vote ('$of_ben', 'ethicist', 'reject', 'x', 1)")" "$policy"
is_refused "an entry" "$(as $ana "$entry ('$ben', 'a.b', 'x', 'y')")" "$policy"
is_refused "an entry of nobody" "$(as $ana "$entry (null, 'a.b', 'x', 'y')")" "$policy"
is_refused "a persona" "$(as $ana "update personas set name = 'x'")" "permission denied"
is_refused "what was said" "$(as $ana "update contributions set content = 'x'")" "permission denied"
is_refused "what was logged" "$(as $ana "delete from audit_log")" "permission denied"

say "the owner is bound as well, administrators are not"
same "as the migrator" "$(caisson db shell --role migrator -- -XAtqc "select count(*) from sessions")" 0
same "as an administrator" "$(sql "select count(*) from sessions")" 6

say "the way back of the policies closes the tables, and the way forth opens them again"
run caisson migrate down
exits 0
same "the head" "$(sql "select version_num from alembic_version")" ced8f3f148bb
is_refused "without policies" "$(as $ana "select count(*) from sessions")" "permission denied"
run caisson migrate
exits 0
same "Ana's sessions" "$(as $ana "select count(*) from sessions")" 3

if command -v alembic >/dev/null; then
  say "Alembic works on the same database"
  ALEMBIC_URL=$(caisson db url --role migrator)
  export ALEMBIC_URL
  run alembic current
  exits 0
  says "396e8f26d0a5 (head)"
  run alembic downgrade -1
  exits 0
  is_refused "without policies" "$(as $ana "select count(*) from sessions")" "permission denied"
  run alembic upgrade head
  exits 0
  run caisson migrate
  exits 0
fi
run caisson verify
exits 0

say "somebody opens what belongs to Ana, and verification says so"
caisson db shell --role admin -- -qc "create policy wide_open on contributions using (true)" >/dev/null
run caisson verify "Users see what is theirs and nothing else"
exits 7
says "of somebody else"
caisson db shell --role admin -- -qc "drop policy wide_open on contributions" >/dev/null

say "its variables are documented, and checked"
run caisson env example
exits 0
cmp -s "$out" .env.example || die ".env.example is what the declarations give"
run caisson env check
exits 0
says "35 variables"
run caisson -e production env check
exits 7
says "ANTHROPIC_API_KEY"

say "with semantic search, embeddings follow their contributions"
sed -i 's/^semantic_search = false/semantic_search = true/' caisson.toml
run caisson migrate prove
exits 0
run caisson migrate
exits 0
zeros=$(sql "select case when exists (select from pg_extension where extname = 'vector')
                       then '[' || repeat('0,', 1023) || '0]' else '\\x' || repeat('00', 4096) end")
sql "insert into search.contribution_embeddings select id, 'm', now(), '$zeros' from contributions" >/dev/null
same "Ana's" "$(as $ana "select count(*) from search.contribution_embeddings")" 10
same "nobody's" "$(as "" "select count(*) from search.contribution_embeddings")" 0
same "Ben's, changed by Ana" "$(as $ana "delete from search.contribution_embeddings e using contributions c
  where c.id = e.contribution_id and c.session_id = '$of_ben' returning 1")" ""
same "after the session" "$(as $ana "delete from sessions; select count(*) from search.contribution_embeddings")" 0
run caisson verify
exits 0
