# SPDX-License-Identifier: Apache-2.0
# A segment of the log is lost: nothing after it could be restored. The daemon notices, says from when to when, and a full backup
# begins by itself, once. Its markers tell what a drill's restore would lose.
source "$(dirname "$0")/story.bash"
command -v pgbackrest >/dev/null || { echo "pgbackrest is missing: script/setup installs it" >&2; exit 1; }
takes_platform boardofone
run caisson up --until seed
exits 0
superuser() { PGPASSFILE=$(state)/secrets/pgpass psql -h "$(state)/run" -U postgres -d boardofone -XAtqc "$1" 2>&1; }
fulls() { caisson backup list | grep -c -- '-full-'; }
run caisson backup create --kind full
exits 0

say "segments are archived, and one of them is lost"
for n in 1 2 3 4 5; do
  superuser "create table if not exists lost (n int); insert into lost values ($n)" >/dev/null
  segment=$(superuser "select pg_walfile_name(pg_switch_wal())")
  within 30 sh -c "find '$machine'/state/backups/*/local/pgbackrest/archive -name '$segment-*' | grep -q ."
  [ "$n" = 3 ] && lost=$segment
done
superuser "drop table lost" >/dev/null
find "$machine"/state/backups/*/local/pgbackrest/archive -name "$lost-*" -delete
run caisson backup doctor
exits 7
says "$lost is missing: nothing can be restored from"

say "the daemon notices it and makes a full backup by itself"
run caisson up
exits 0
has_two() { [ "$(fulls)" -ge 2 ]; }
within 180 has_two
# The daemon sees by itself that it was enough.
told() { cat "$(state)/daemon.log" | grep -c "$1"; }
has_ended() { [ "$(told '"backup_gap_ended"')" -ge 1 ]; }
within 90 has_ended
run cat "$(state)/daemon.log"
says "a segment of the log is missing: nothing after"
says "a full backup begins"
[ "$(told '"backup_gap"')" = 1 ] || die "the gap is told once: $(told '"backup_gap"')"
run caisson backup list
says "restorable to any moment from"

say "once: who looks again finds nothing to do"
run caisson down
exits 0
run caisson up
exits 0
# A daemon that sees a gap looks again before it does anything; the figure of its first look is nought.
figure() { curl -fsS --max-time 5 "$(address)/metrics" | sed -nE "s/^$1\\{.*\\} //p"; }
has_looked() { [ -n "$(figure caisson_backup_cut_off)" ]; }
within 120 has_looked
[ "$(figure caisson_backup_cut_off)" = 0 ] || die "nothing is cut off: $(figure caisson_backup_cut_off)"
[ "$(fulls)" = 2 ] || die "one full backup was enough: $(fulls)"
[ "$(told '"backup_gap"')" = 1 ] || die "the gap is told once: $(told '"backup_gap"')"

say "markers are written, and a drill to a moment finds the one of that moment"
newest() { superuser "select coalesce(max(extract(epoch from at)), 0)::bigint from caisson.heartbeat"; }
before=$(newest)
has_beaten() { [ "$(newest)" -gt "$before" ]; }
within 60 has_beaten
superuser "select pg_switch_wal()" >/dev/null
no_segment_waits() { [ "$(superuser "select count(*) from pg_ls_archive_statusdir() where name like '%.ready'")" = 0 ]; }
within 60 no_segment_waits
run caisson backup drill --small
exits 0
says "marker"
says "before the moment"
run caisson verify
exits 0
run caisson migrate drift
exits 0
