# SPDX-License-Identifier: Apache-2.0
# Whether tenants reach one another: on each platform that comes with Caisson they do not, but for what its manifest accepts
# by name. Lumina isolates nothing; notes of its users do; a policy that lets everything through is found without a server,
# and what is printed shows the leak in a database. Rights that somebody gave by hand are found there.
source "$(dirname "$0")/story.bash"

# All warnings are accepted by name, and every name speaks of something.
for platform in kyb grc boardofone pendscan; do
  takes_platform "$platform"
  say "$platform keeps its tenants apart"
  run caisson verify isolation --strict
  exits 0
  says "tenants are kept apart"
  does_not_say "nothing is isolated"
  does_not_say "nothing of that name was found"
done

takes_platform lumina
sql_admin() { caisson db shell --role admin -- -XAtq "$@"; }
places() { find "$machine/state/shadow" -maxdepth 1 -name 'run-*' -type d | wc -l; }

say "Lumina isolates nothing, and says so"
run caisson verify isolation --strict
exits 0
says "nothing is isolated"

say "notes of its users are kept apart; the users themselves are everybody's to read"
cat >migrations/004_notes.sql <<'SQL'
create table notes (
    id      bigint generated always as identity primary key,
    user_id uuid not null references users (id) on delete cascade,
    state   text not null default 'open' check (state in ('open', 'done')),
    body    text not null check (btrim(body) <> '')
);
create index notes_user_id_idx on notes (user_id);
alter table notes enable row level security, force row level security;
create policy notes_own on notes
    using (user_id = (select nullif(current_setting('app.current_user_id', true), '')::uuid));
SQL
run caisson verify isolation
exits 7
says "✗ no policy users"
says "✓ notes"
says "! sequence notes_id_seq"
[ "$(places)" = 0 ] || die "no shadow is left"

say "that is meant so, and accepted by its name"
cat >>caisson.toml <<'TOML'

[isolation.accept]
"no policy users" = "those who work here know one another"
"sequence notes_id_seq" = "how many notes there are is no secret"
"unique notes_pkey" = "a number that is taken says no more than the sequence"
"reference kyc_checks" = "all who work here see all checks"
"reference aml_checks" = "likewise"
"reference compliance_checks" = "likewise"
"reference audit_logs" = "likewise"
"view nothing" = "was dropped long ago"
TOML
run caisson verify isolation --strict
exits 0
says "those who work here know one another"
says "\"view nothing\" is accepted, and nothing of that name was found"
sed -i '/^"view nothing"/d' caisson.toml

say "somebody opens the notes for a colleague"
echo 'create policy notes_for_support on notes for select using (true);' >migrations/005_support.sql
run caisson verify isolation --output leaks.sql
exits 7
says "✗ read notes"
says "✗ policy notes.notes_for_support"
run caisson verify isolation --json
exits 7
grep -q '"name":"read notes"' "$out" || die "the finding is in the document"
grep -q '"reproduced":true' "$out" || die "its session was run"

say "what it printed shows the row in the real database, and leaves nothing there"
run caisson up --until seed
exits 0
run sql_admin -f leaks.sql
exits 0
grep -qE '\|a[0-9]+ body$' "$out" || die "the note of tenant a is shown" # Texts of its rows begin with its word.
[ "$(sql 'select count(*) from notes')" = 0 ] || die "it was rolled back"
[ "$(sql "select count(*) from caisson.journal where kind = 'proof' and subject = 'isolation'")" = 0 ] ||
  die "no database was there when it was proven"
run caisson verify isolation
exits 7
[ "$(sql "select count(*) from caisson.journal where kind = 'proof' and subject = 'isolation'")" = 1 ] ||
  die "the journal remembers"

say "every right is as it should be, until somebody gives more by hand"
run caisson verify privileges
exits 0
says "as it should be"
sql_admin -c 'grant delete on audit_logs to compliance_db_readonly; revoke select on kyc_checks from compliance_db_app' >/dev/null
run caisson verify privileges
exits 7
says "compliance_db_readonly may delete on table public.audit_logs, which nothing gives"
says "compliance_db_app may not select on table public.kyc_checks, and should"
sql_admin -c 'create role desk; grant desk to compliance_db_app; grant delete on users to desk' >/dev/null
run caisson verify privileges
exits 7
says "compliance_db_app turns out to be a member of desk"
does_not_say "delete on table public.users" # It comes with the membership.
sed -nE 's/^ +→ ((revoke|grant) .*;)$/\1/p' "$out" >mend.sql
sql_admin -f mend.sql >/dev/null
run caisson verify privileges
exits 0
