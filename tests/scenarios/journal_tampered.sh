# SPDX-License-Identifier: Apache-2.0
# A superuser changes the journal in every way there is: each is named, by the database's own machine and offline.
source "$(dirname "$0")/story.bash"
takes_platform lumina

admin() { caisson db shell --role admin -- -XAtq -v ON_ERROR_STOP=1 -c "set session_replication_role = replica" -c "$1"; }
verifies() { run caisson journal verify; exits "$1"; }
offline() {
  run caisson journal export --output "$machine/now.ndjson"
  exits 0
  run caisson -C / journal verify "$machine/now.ndjson" --heads "$machine/heads.ndjson" --public-key "$machine/key.pem"
  exits "$1"
}

say "killed in the middle, the journal goes on"
CAISSON_FAULT=migration-applied run caisson up
exits 137
run caisson up
exits 0
verifies 0
says "hold, signed through"
run caisson db rotate --role app
exits 0
run caisson journal show
exits 0
says "migrations/001"
says "db rotate"
run caisson journal show --kind plan --json
exits 0
says '"files"'
caisson journal key >"$machine/key.pem"
caisson journal export --head >"$machine/heads.ndjson"
offline 0
says "agree"
last=$(sql 'select max(sequence) from caisson.journal')
admin 'create table public.kept as select * from caisson.journal' || die "kept"
restore() { admin 'delete from caisson.journal; insert into caisson.journal select * from public.kept' || die "restored"; }

say "nobody but a superuser changes anything"
run sql "update caisson.journal set detail = '{}'"
says "permission denied"
run caisson db shell --role admin -- -XAtqc "delete from caisson.journal"
says "only ever added to"

say "an entry is changed"
admin "update caisson.journal set actor = 'nobody' where sequence = 4" || die "changed"
verifies 9
says "entry 4 was changed"
run caisson verify
exits 7
says "entry 4 was changed"
offline 9
restore

say "entries are taken out of the middle"
admin 'delete from caisson.journal where sequence in (4, 5)' || die "deleted"
verifies 9
says "entries 4 to 5 are missing"
offline 9
restore

say "the tail is cut off"
admin "delete from caisson.journal where sequence > $((last - 2))" || die "cut"
verifies 9
says "the tail is cut off"
says "the journal ends at $((last - 2))"
offline 9
says "knows entry $last"
restore

say "the whole chain is written anew, without the key"
admin "update caisson.journal set subject = 'innocent' where sequence = 4;
create function pg_temp.net(t text) returns text language sql as \$\$ select octet_length(convert_to(t, 'UTF8')) || ':' || t || ',' \$\$;
do \$\$ declare e record; prev text := repeat('0', 64); begin
  for e in select * from caisson.journal order by sequence loop
    update caisson.journal set previous = prev, hash = encode(sha256(convert_to('caisson-journal-1' || chr(10)
      || pg_temp.net(e.sequence::text) || pg_temp.net(e.epoch::text)
      || pg_temp.net(to_char(e.at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')) || pg_temp.net(e.kind)
      || pg_temp.net(e.actor) || pg_temp.net(e.origin) || pg_temp.net(e.run) || pg_temp.net(e.subject)
      || pg_temp.net(e.detail) || pg_temp.net(prev), 'UTF8')), 'hex') where sequence = e.sequence returning hash into prev;
  end loop; end \$\$" || die "written anew"
verifies 9
does_not_say "was changed"
says "the signature in entry"
says "is not the one that the head of"
offline 9
restore
verifies 0

say "detached, its journal stays; adopted again, it begins anew"
run caisson db detach --yes
exits 0
says "its journal is kept in"
kept=$(ls "$(state)"/journal/*.ndjson | grep -v keys.ndjson)
run caisson -C / journal verify "$kept" --heads "$machine/heads.ndjson" --public-key "$machine/key.pem"
exits 0
run caisson up
exits 4
says "db adopt"
run caisson db adopt --yes
exits 0
run caisson migrate baseline --yes
exits 0
run caisson up --until migrate
exits 0
run caisson journal show --kind finish
exits 0
says "db adopt"
says "migrate baseline"
verifies 0

say "a machine without state signs with the variable's key, and nothing is signed by another"
openssl genpkey -algorithm ed25519 -out "$machine/ci.pem" 2>/dev/null || die "openssl makes a key"
openssl pkey -in "$machine/ci.pem" -pubout -out "$machine/ci.pub.pem" || die "its public half"
CAISSON_JOURNAL_KEY=$(cat "$machine/ci.pem")
export CAISSON_JOURNAL_KEY
run caisson journal key
exits 0
cmp -s "$out" "$machine/ci.pub.pem" || die "the variable's key is the one"
run caisson journal key --rotate
exits 2
says "comes from the variable CAISSON_JOURNAL_KEY"
run caisson db rotate --role app
exits 0
run caisson journal export --output "$machine/ci.ndjson"
exits 0
cat "$machine/key.pem" "$machine/ci.pub.pem" >"$machine/both.pem"
run caisson -C / journal verify "$machine/ci.ndjson" --public-key "$machine/both.pem"
exits 0
run caisson -C / journal verify "$machine/ci.ndjson" --public-key "$machine/key.pem"
exits 9
says "is signed by"
CAISSON_JOURNAL_KEY=zebra run caisson journal key
exits 2
does_not_say zebra
