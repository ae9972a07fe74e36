# SPDX-License-Identifier: Apache-2.0
# The monitor of the daemon: what it measures is scraped, read and kept; a server that is killed is down and unknown, never
# fine, and a gap in the history; a damaged history is put aside.
source "$(dirname "$0")/story.bash"
takes_platform lumina
printf '\n[monitor]\ninterval = "1s"\nexpensive = "2s"\n' >>caisson.toml
run caisson up
exits 0

token() { cat "$(state)/secrets/api-token"; }
scrape() { curl -fsS --max-time 60 -H "Authorization: Bearer $(token)" "$(address)/metrics"; }
scraped() { scrape >"$machine/metrics" && grep -q -- "$1" "$machine/metrics"; }
json() { curl -fsS --max-time 60 -H "Authorization: Bearer $(token)" "$(address)/v1/database/metrics"; }
told() { json >"$machine/json" && grep -qF -- "$1" "$machine/json"; }
points() { caisson monitor history "$1" --since 1h --csv "$machine/points.csv" >/dev/null 2>&1; grep -c . "$machine/points.csv"; }
at_least() { [ "$(points "$1")" -gt "$2" ]; }

say "figures are scraped under the names that dashboards know"
within 30 scraped '^pg_up 1'
for name in 'pg_stat_database_xact_commit{datname="compliance_db"}' 'pg_stat_user_tables_n_live_tup{' \
            'pg_stat_statements_calls_total{' 'redis_up 1' 'node_load1 ' 'caisson_host_cpu_percent '; do
  within 30 scraped "^$name"
done
within 10 told '"monitor":{'
within 10 told '"activity.connections":'

say "what is read is kept"
within 30 at_least host.load1 3
run caisson monitor history host.load1
exits 0
says "least"

say "each view shows what it should"
for view in summary queries locks tables indexes replication redis host; do
  run caisson monitor "$view"
  [ "$status" -eq 0 ] || [ "$status" -eq 7 ] || die "monitor $view"
  run caisson monitor "$view" --json
  [ "$status" -eq 0 ] || [ "$status" -eq 7 ] || die "monitor $view --json"
  python3 -m json.tool "$out" >/dev/null || die "monitor $view --json is JSON"
done
run caisson monitor tables
says "kyc_checks"
run caisson monitor
says "Sessions"

say "a sequence that comes to its end is told, although the monitor may read none, and status says what to do"
as_role() { caisson db shell --role "$1" -- -XAtqc "$2"; }
as_role migrator "create table numbered (id serial primary key); select setval('numbered_id_seq', 2100000000)" >/dev/null ||
  die "the migrator makes a table"
status_says() { caisson status >"$machine/status"; grep -qF -- "$1" "$machine/status"; }
within 30 status_says "critical 97.8 % of a sequence's numbers are used (compliance_db, public, numbered_id_seq), since "
run caisson status
exits 7
says "caisson monitor advise has the SQL → docs/reference/alerts.md#sequences_used_percent"
says "not healthy since "
run caisson status --json
grep -q '"rule":"sequences_used_percent"' "$out" || die "the alert is in the JSON"
run as_role monitor "select last_value from numbered_id_seq"
[ "$status" -ne 0 ] || die "the role may not read the sequence"
! as_role app "select * from caisson.monitor_sequences(0, 10)" >/dev/null 2>&1 || die "nobody else is given its figures"
run caisson verify privileges
exits 0
all_is_known() { caisson monitor summary >"$out" 2>&1; ! grep -qE 'unknown (sequences|bloat|statements)' "$out"; }
within 30 all_is_known
as_role migrator "drop table numbered" >/dev/null || die "the migrator drops its table"
is_over() { ! status_says "of a sequence's numbers"; }
within 30 is_over

say "PostgreSQL is held still, then killed: nothing crashes, and the gap is told"
daemon=$(daemon_process)
old=$(postmaster)
mapfile -t held < <(pgrep -P "$old")
kill -STOP "$old" "${held[@]}"
# It is back within a second: what is killed between two looks is no gap.
within 60 scraped '^pg_up 0'
kill -9 "$old"
kill -CONT "${held[@]}"
back() { [ "$(postmaster)" != "$old" ] && sql 'select 1'; }
within 30 back
within 30 scraped '^pg_up 1'
[ "$(daemon_process)" = "$daemon" ] || die "the daemon is the same process"
kill -0 "$daemon" || die "the daemon lives"
past() { caisson monitor history databases.commits --since 1h >"$machine/past"; }
gap_is_kept() { past && grep -qE '^gap .*(the server was|nothing was read)' "$machine/past"; }
within 30 gap_is_kept
run caisson monitor history databases.commits --since 1h
does_not_say "least -"

say "statistics are reset in between: a gap, and nothing negative"
caisson db shell --role admin -- -XAtqc 'select pg_stat_reset(), pg_stat_statements_reset()' >/dev/null ||
  die "the administrator resets statistics"
reset_is_kept() { past && grep -q 'statistics were reset' "$machine/past"; }
within 30 reset_is_kept
[ "$(points databases.commits)" -gt 3 ] || die "commits are kept"
! grep -q ',-' "$machine/points.csv" || die "no figure is negative"

say "the history is damaged while it is open: put aside, and kept on"
history="$(state)/monitor/history.sqlite"
before=$(stat -c %i "$history")
# In no transaction of the daemon's: what it is about to write would lie over the damage.
as_server_account python3 - "$history" <<'PY' || die "the history is damaged"
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
database.execute("begin exclusive")
with open(sys.argv[1], "r+b") as file:
    file.write(bytes(40 * 4096))
import os
os._exit(0)  # Nothing of it is to be written back.
PY
new_history() { [ "$(stat -c %i "$history" 2>/dev/null)" != "$before" ] && [ -e "$history.damaged" ]; }
within 30 new_history
within 30 at_least host.load1 2

say "the history is removed: made anew"
rm -f "$history"
within 30 test -s "$history"

kill -0 "$daemon" || die "the daemon lived to the end"

say "status is there at once, and says it when the daemon is gone"
times=()
for _ in 1 2 3 4 5; do
  begun=$(date +%s%N)
  caisson status >"$out" 2>"$err"
  times+=($((($(date +%s%N) - begun) / 1000000)))
done
printf 'caisson status: %s ms\n' "${times[*]}"
kill -STOP "$daemon"
run caisson status
kill -CONT "$daemon"
exits 7
says "does not answer: see its log"
kill -9 "$daemon"
gone() { status_says "it ended without a word after"; }
within 10 gone
run caisson status
exits 7
says "nobody looks while the daemon is down"
says "caisson up"

run caisson down
exits 0
