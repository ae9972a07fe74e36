# SPDX-License-Identifier: Apache-2.0
# Out of a backup of the whole server: one database, one table, beside or in place. A daemon that runs already receives the log from the first
# backup on; a repository that is added after a restore can be recovered from; large objects, a mistyped key, and a copy under another name.
source "$(dirname "$0")/backups.bash"
takes_shop <<TOML

[backups.repositories.local]
path = "$machine/copies"
TOML
mkdir "$machine/copies"
repository() { echo "$machine/copies/shop-local"; }
superuser "select lo_from_bytea(0, 'a large object')" >/dev/null
rows() { superuser "select count(*), md5(string_agg(email, ',' order by id)) from customers"; }
good=$(rows)

say "the daemon is up before the first backup of the server, and receives its log from then on"
run caisson up
exits 0
run caisson backup create
exits 0
run caisson backup create --kind full
exits 0
metrics() { curl -fs "$(sed -nE 's/.*"address": ?"([^"]+)".*/\1/p' "$(state)/daemon.json")/metrics"; }
streams() { metrics | grep '^caisson_backup_streaming 1' >/dev/null; }
within 90 streams

say "a changed manifest is the daemon's, too"
before=$(sed -nE 's/.*"process": ?([0-9]+).*/\1/p' "$(state)/daemon.json")
cat >>caisson.toml <<'TOML'

[backups.schedule]
check = "0 3 * * *"
TOML
run caisson up
exits 0
says "the daemon was started anew"
[ "$(sed -nE 's/.*"process": ?([0-9]+).*/\1/p' "$(state)/daemon.json")" != "$before" ] || die "it is another one"
checks() { metrics | grep 'caisson_backup_alarm{job="check"}' >/dev/null; }
within 10 checks
run caisson up
exits 0
does_not_say "anew"

say "one database out of the whole server, beside"
moment=$(date -u +%Y-%m-%dT%H:%M:%S.%6NZ)
superuser "update customers set email = 'spoilt' || id" >/dev/null
bad=$(rows)
superuser "select pg_switch_wal()" >/dev/null
within 70 no_segment_waits
run caisson backup restore --time "$moment" --into look --dry-run
exits 0
says "would restore"
run caisson backup restore --time "$moment" --into look -d main --yes
exits 0
[ "$(rows)" = "$bad" ] || die "the present database is as it was"
other() { PGPASSFILE=$(state)/secrets/pgpass psql -h "$(state)/run" -U postgres -d "$1" -XAtqc "$2"; }
[ "$(other look "select count(*), md5(string_agg(email, ',' order by id)) from customers")" = "$good" ] || die "beside are the rows of then"
[ "$(other look "select convert_from(lo_get(oid), 'UTF8') from pg_largeobject_metadata")" = "a large object" ] || die "with its large object"
run caisson backup restore latest --table public.customers --into rows_alone --yes
exits 0
[ "$(other rows_alone "select count(*) from customers")" = "$(superuser "select count(*) from customers")" ] || die "a table alone"
run caisson backup restore latest --to "$machine/dir" -d main
exits 2
says "--to takes the whole server"

say "and in the place of the present one"
run caisson backup restore --time "$moment" -d main --yes
exits 0
[ "$(rows)" = "$good" ] || die "the rows of then"
says "is kept as"
run caisson up --until verify
exits 0
[ -z "$(find "$machine/state" -maxdepth 1 -name 'recovery-*' -print -quit)" ] || die "nothing is left"

say "a repository that comes after a restore has the histories of the timelines"
run caisson backup restore --latest --yes
exits 0
mkdir "$machine/second"
cat >>caisson.toml <<TOML

[backups.repositories.second]
path = "$machine/second"
TOML
run caisson backup create --kind full --repository second
exits 0
run caisson backup drill --repository second --small
exits 0
says "is proven"

say "a transaction that lies before the newest backup, into a directory: its server comes up"
xid=$(superuser "begin; update customers set email = email; select pg_current_xact_id(); commit" | tail -1)
superuser "select pg_switch_wal()" >/dev/null
run caisson backup create --kind incremental
exits 0
run caisson backup restore --xid "$xid" --to "$machine/by-xid"
exits 0
says "begins with"

say "another key than that of the newest set seals nothing unasked"
mv "$(backups)/key" "$machine/key"
run caisson backup create
exits 4
says "there is no key at $(backups)/key"
[ ! -e "$(backups)/key" ] || die "none was made in the place of the lost one"
echo "another key of thirty-two characters, at least" >"$(backups)/key"
run caisson backup create
exits 4
says "is not the one that sealed"
mv -f "$machine/key" "$(backups)/key"

say "a set that was copied under another name"
run caisson backup create
exits 0
newest=$(sets_in "$(repository)" | grep logical | tail -1)
cp -r "$(repository)/sets/$newest" "$machine/of-the-safe"
run caisson backup restore "$machine/of-the-safe" --into from_the_safe -d main --yes
exits 0
[ "$(other from_the_safe "select count(*) from customers")" = "$(superuser "select count(*) from customers")" ] || die "it is the same set"
