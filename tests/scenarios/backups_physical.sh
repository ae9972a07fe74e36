# SPDX-License-Identifier: Apache-2.0
# The server is backed up with its log, and comes back at any moment: every acknowledged write before it is there, none after it
# (KYB-4, PND-12). Kill -9 of server and backup in between; a drill proves it.
source "$(dirname "$0")/story.bash"
command -v pgbackrest >/dev/null || { echo "pgbackrest is missing: script/setup installs it" >&2; exit 1; }
takes_platform boardofone
run caisson up --until seed
exits 0
superuser() { PGPASSFILE=$(state)/secrets/pgpass psql -h "$(state)/run" -U postgres -d "$database" -XAtqc "$1" 2>&1; }
database=boardofone
no_segment_waits() { [ "$(superuser "select count(*) from pg_ls_archive_statusdir() where name like '%.ready'")" = 0 ]; }
[ "$(superuser 'select 1')" = 1 ] || die "the database is $database"

say "a full backup begins the archiving without a failure"
run caisson backup create --kind full
exits 0
says "of the server"
[ "$(superuser 'select failed_count from pg_stat_archiver')" = 0 ] || die "nothing failed to be archived"
run caisson backup list
exits 0
says "restorable to any moment from"

say "a ledger of acknowledged writes, while the server is killed and a backup is made"
superuser "create schema oracle; create table oracle.ledger (n int primary key, at timestamptz default clock_timestamp())" >/dev/null
ledger="$machine/ledger" stop="$machine/stop"
writer() {
  local n=0
  while [ ! -e "$stop" ]; do
    n=$((n + 1))
    [ "$(superuser "insert into oracle.ledger values ($n) returning n")" = "$n" ] && echo "$n $(date +%s%N)" >>"$ledger"
    sleep 0.05
  done
}
writer &
writing=$!
sleep 2
caisson backup create --kind incremental >"$out" 2>"$err" &
backup=$!
sleep "0.$((RANDOM % 9 + 1))"
kill -9 "$backup"
wait "$backup" 2>/dev/null
run caisson backup create --kind incremental
exits 0
kill -9 "$(postmaster)"
run caisson up --until servers
exits 0
sleep 2
# In this order: what was acknowledged before the one was committed before the other.
moment_ns=$(date +%s%N) moment=$(date -u +%Y-%m-%dT%H:%M:%S.%6NZ)
sleep 2
touch "$stop"
wait "$writing"
superuser "drop schema oracle cascade" >/dev/null
before=$(awk -v m="$moment_ns" '$2 < m' "$ledger" | wc -l)
[ "$before" -gt 20 ] || die "writes were acknowledged: $before"

say "what it will take and lose is said before"
superuser "select pg_switch_wal()" >/dev/null
within 70 no_segment_waits
run caisson backup restore --time "$moment" --dry-run
exits 0
says "to replay, about"
says "loses what was committed after it"
run caisson backup restore --time 2001-01-01T00:00:00Z --yes
exits 6

say "every acknowledged write before the moment is there, and none that was begun after it"
run caisson backup restore --time "$moment" --yes
exits 0
says "are kept in"
while read -r n at; do
  [ "$at" -lt "$moment_ns" ] || continue
  echo "$n"
done <"$ledger" | sort >"$machine/expected"
superuser "select n from oracle.ledger" | sort >"$machine/found"
lost=$(comm -23 "$machine/expected" "$machine/found")
[ -z "$lost" ] || die "acknowledged and not there: $lost"
[ "$(superuser "select count(*) from oracle.ledger where at > '$moment'")" = 0 ] || die "nothing of after it is there"
run caisson verify
exits 0
run caisson journal verify
exits 0

say "a drill restores the newest set to a moment of its own choice, and reads every page"
run caisson backup create --kind full
exits 0
run caisson backup drill
exits 0
says "is proven"
says "every heap and B-tree is sound"
says "every page's checksum"
run caisson backup validate
exits 0

say "a segment that is lost is a gap, and is named"
segment=$(find "$machine"/state/backups/*/local/pgbackrest/archive -name '0000000[0-9]*-*.zst' | sort | tail -2 | head -1)
mv "$segment" "$machine/segment"
run caisson backup validate
exits 7
says "missing"
mv "$machine/segment" "$segment"

say "the whole data directory is lost, and comes back"
run caisson down
exits 0
rm -r "$(state)/postgres/data"
run caisson backup restore --latest --yes
exits 0
run caisson up --until verify
exits 0
