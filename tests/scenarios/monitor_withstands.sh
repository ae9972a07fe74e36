# SPDX-License-Identifier: Apache-2.0
# Whatever happens to what the monitor reads, writes and tells: no crash, gaps are marked, nothing is negative or invented, memory
# and files stay within their bounds, no alert is lost and none comes twice. ROUNDS=20 does everything so often, FAULTS names some.
here=$(cd "$(dirname "$0")" && pwd)
source "$here/monitor.bash"
rounds=${ROUNDS:-1}
faults=${FAULTS:-postgres_hangs_and_goes_on postgres_is_killed redis_hangs_and_is_killed statistics_are_reset five_thousand_statements \
  everything_is_locked server_is_too_busy history_is_removed history_is_garbage disk_of_the_history_is_full log_is_large}
declare -A times=()
counts() { times[$1]=$((${times[$1]:-0} + 1)); }
export ALERT_SECRET=only-for-this-story
receives
takes_watched <<TOML
[variables.ALERT_SECRET]
secret = true
description = "signs alerts"
[alerts]
wait = "1s"
[alerts.rules.many_keys]
metric = "redis.keys"
warning = 3
for = "1s"
[alerts.rules.server_up]
for = "1s"
[alerts.deliveries.chat]
webhook = "http://127.0.0.1:$receiver_port/"
secret = "\${ALERT_SECRET}"
TOML
run caisson up
exits 0
daemon=$(daemon_process)
redis() { redis-cli -s "$(state)/run/redis.sock" -a "$(cat "$(state)/secrets/redis")" --no-auth-warning "$@"; }
within 30 scraped '^pg_up 1'
within 30 scraped '^redis_up 1'
within 30 at_least host.load1 5
inserts 100
base=$(resident "$daemon")

server_back() { scraped '^pg_up 1' && sql 'select 1' | grep -qx 1; }
frozen=()
# What is held still when the story breaks off would outlive its server.
trap 'kill -KILL "${frozen[@]}" 2>/dev/null; end KILL "$receiver"; cleanup' EXIT
freeze() { mapfile -t frozen < <(pgrep -P "$1"); kill -STOP "$1" "${frozen[@]}"; }
thaw() {
  kill -CONT "$1" "${frozen[@]}" 2>/dev/null
  frozen=()
}

postgres_hangs_and_goes_on() {
  local before
  before=$(gap_count databases.commits 'the server was away')
  freeze "$(postmaster)"
  # Not half a sample: what was read before the server hung is known.
  is_unknown() { scraped '^pg_up 0' && grep -qE '^caisson_monitor_unknown\{what="activity"\} 1' "$machine/metrics"; }
  within 30 is_unknown
  ! grep -q '^caisson_activity_connections' "$machine/metrics" || die "and not told from before"
  thaw "$(postmaster)"
  within 20 server_back
  within 20 more_gaps databases.commits 'the server was away' "$before"
}

postgres_is_killed() {
  local old
  old=$(postmaster)
  kill -9 "$old"
  is_new() { [ "$(postmaster 2>/dev/null)" != "$old" ] && server_back; }
  within 30 is_new
  within 20 gap_told databases.commits 'the server was (restarted|away)'
}

redis_hangs_and_is_killed() {
  local before
  before=$(gap_count redis.commands 'Redis was away')
  kill -STOP "$(redis_process)"
  within 20 scraped '^redis_up 0'
  kill -CONT "$(redis_process)"
  within 20 scraped '^redis_up 1'
  within 20 more_gaps redis.commands 'Redis was away' "$before"
  before=$(gap_count redis.commands 'Redis was (restarted|away)')
  kill -9 "$(redis_process)"
  within 30 scraped '^redis_up 1'
  within 20 more_gaps redis.commands 'Redis was (restarted|away)' "$before"
}

history_is_removed() {
  rm -f "$(state)/monitor/history.sqlite"
  within 20 gap_told host.load1 'the file of the history was gone'
}

history_is_garbage() {
  local file
  file="$(state)/monitor/history.sqlite"
  rm -f "$file.damaged"
  head -c 50000 /dev/urandom >"$machine/garbage"
  as_server_account cp "$machine/garbage" "$file.new" && mv "$file.new" "$file"
  within 20 test -e "$file.damaged"
  within 20 gap_told host.load1 'damaged and put aside'
}

disk_of_the_history_is_full() {
  local place before
  place="$(state)/monitor"
  [ "$(id -u)" = 0 ] && mount -t tmpfs -o "size=400k,mode=750" caisson-story "$place" || return 0
  mounts=("$place")
  chown --reference="$(state)/postgres" "$place"
  within 20 test -s "$place/history.sqlite"
  before=$(gap_count host.load1 'could not be written')
  dd if=/dev/zero of="$place/filler" bs=4k 2>/dev/null
  within 30 grep -q '"event":"monitor_history".*\(full\|No space\)' "$(state)/daemon.log"
  scraped '^pg_up 1' || die "what is read is still told"
  rm "$place/filler"
  within 30 more_gaps host.load1 'the history could not be written for' "$before"
  umount -l "$place"
  mounts=()
  within 60 at_least host.load1 10
}

statistics_are_reset() {
  local before
  before=$(gap_count databases.commits 'statistics were reset')
  inserts 50
  admin 'select pg_stat_reset(), pg_stat_statements_reset()' >/dev/null
  inserts 200
  within 20 more_gaps databases.commits 'statistics were reset' "$before"
  within 20 gap_told statements.calls 'statistics of statements were reset'
}

# As many distinct statements as pg_stat_statements holds, told apart by the columns that they name.
five_thousand_statements() {
  local i j
  {
    echo "create table if not exists wide ($(seq -f 'c%g int' -s, 0 99));"
    for i in $(seq 0 49); do for j in $(seq 0 99); do echo "select c$j from wide where c$i = 1;"; done; done
  } >"$machine/statements.sql"
  caisson db shell --role admin -- -XAtqf "$machine/statements.sql" >/dev/null || die "the statements run"
  within 20 scraped '^caisson_statements_tracked (4[5-9]|50)[0-9][0-9]$'
  [ "$(grep -c '^pg_stat_statements_calls_total{' "$machine/metrics")" -le 100 ] || die "a hundred of them have figures"
}

everything_is_locked() {
  local holder
  cat >"$machine/lock.sql" <<SQL
begin;
lock table pg_class, pg_database in access exclusive mode;
select pg_backend_pid() \\g $machine/holder
select pg_sleep(600);
SQL
  caisson db shell --role admin -- -XAtqf "$machine/lock.sql" >/dev/null 2>&1 &
  holder=$!
  within 20 scraped '^caisson_monitor_unknown\{what="locks"'
  [ "$(awk '$1 == "caisson_monitor_sample_seconds" { print ($2 < 60) }' "$machine/metrics")" = 1 ] || die "a sample takes its time"
  # Nobody can ask the catalogue for it: its process is ended, and no more.
  kill -TERM "$(head -1 "$machine/holder")"
  wait "$holder"
  unlocked() { scraped '^caisson_locks_blocked ' && ! grep -q '^caisson_monitor_unknown{what="locks"' "$machine/metrics"; }
  within 20 unlocked
}

# So busy that the monitor's own session is not served.
server_is_too_busy() {
  local backend before
  # The next sample has a session of its own: what was unknown in one may be gone before it is scraped.
  told_unknown() { grep -cE '"event":"monitor_unknown","what":"(server|activity|databases|statements) ' "$(state)/daemon.log"; }
  more_unknown() { [ "$(told_unknown)" -gt "$before" ]; }
  before=$(told_unknown)
  has_session() { backend=$(admin "select pid from pg_stat_activity where application_name = 'caisson-monitor' limit 1") && [ -n "$backend" ]; }
  within 30 has_session
  frozen=("$backend")
  kill -STOP "$backend"
  within 20 more_unknown
  kill -CONT "$backend"
  frozen=()
  unbusy() { scraped '^caisson_activity_connections ' && ! grep -q '^caisson_monitor_unknown{what="activity"' "$machine/metrics"; }
  within 20 unbusy
}

log_is_large() {
  head -c 17000000 /dev/zero | tr '\0' '\n' >>"$(state)/daemon.log"
  is_small() { [ -s "$(state)/daemon.log.1" ] && [ "$(stat -c %s "$(state)/daemon.log")" -lt 1000000 ]; }
  within 60 is_small
  rm "$(state)/daemon.log.1"
}

keys_come() { redis mset a 1 b 2 c 3 d 4 >/dev/null; }
keys_go() { redis del a b c d >/dev/null; }
keys_fire() { alerts_now | grep -q '"rule":"many_keys",[^{]*"was":"firing"'; }
keys_rest() { alerts_now >"$machine/alerts" && ! grep -q '"rule":"many_keys"' "$machine/alerts"; }

say "a receiver hears of an alert, and is away from then on"
keys_come
within 20 was_taken many_keys firing
within 20 scraped '^caisson_alerts{level="warning",rule="many_keys",state="firing"} 1$'
keys_go
within 20 was_taken many_keys resolved
is_away
lines=$(wc -l <"$machine/pages")
away_since=$SECONDS
keys_come
within 20 keys_fire

for ((round = 0; round < rounds; ++round)); do
  for fault in $faults; do
    say "${fault//_/ }"
    started=$SECONDS
    inserts 20
    "$fault"
    holds "$daemon" "$base"
    counts "$fault"
    echo "$((SECONDS - started)) s, $(resident "$daemon") kB, $(history_bytes) bytes"
  done
done

say "the clock of the daemon jumps, ahead and back, and nobody else's"
library=$(find /usr/lib /usr/lib64 -name libfaketime.so.1 2>/dev/null | head -1)
if [ -n "$library" ] && command -v faketime >/dev/null; then
  source "$here/faked_clock.bash"
  end TERM "$daemon"
  rm -f "$(state)/daemon.json"
  with_clock caisson serve >"$machine/serve" 2>&1 </dev/null &
  within 30 scraped '^pg_up 1'
  daemon=$(daemon_process)
  within 30 at_least host.load1 5
  base=$(resident "$daemon")
  # Of all times, also those that are still to come.
  jumps() {
    python3 -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute("select count(*) from gaps where why like ?", ("the clock jumped%",)).fetchone()[0])' \
      "$(state)/monitor/history.sqlite"
  }
  told_before=$(wc -l <"$machine/pages")
  for ((round = 0; round < rounds; ++round)); do
    for jump in +2h +90m -3h +400d +0; do
      inserts 20
      seen=$(jumps)
      clock_is "$jump"
      clock_seen() { [ "$(jumps)" -gt "$seen" ]; }
      within 20 clock_seen
      within 20 scraped '^pg_up 1'
      within 20 scraped '^redis_up 1'
      ! negative_figures <"$machine/metrics" || die "nothing is negative"
      counts "the clock jumps"
    done
    within 20 at_least host.load1 3
    holds "$daemon" "$base"
  done
  [ "$(wc -l <"$machine/pages")" = "$told_before" ] || die "a clock that jumps alerts nobody"
  end TERM "$daemon"
  rm -f "$(state)/daemon.json"
  no_clock
  run caisson up
  exits 0
  daemon=$(daemon_process)
fi

say "the receiver was away for $((SECONDS - away_since)) s, while what it should hear came and went"
for _ in 1 2 3; do
  keys_go
  within 20 keys_rest
  keys_come
  within 20 keys_fire
done
say "the daemon is killed meanwhile"
kill -9 "$daemon"
rm -f "$(state)/daemon.json"
run caisson up
exits 0
daemon=$(daemon_process)
within 30 scraped '^pg_up 1'
receives
# Declared scaling: the daemon's own pause, which has grown to minutes, is cut short in its book.
shorten_pause() {
  end TERM "$daemon"
  sed -i -E 's/"pause":[0-9]+/"pause":1/g' "$(state)/monitor/alerts.json"
  rm -f "$(state)/daemon.json"
  run caisson up
  exits 0
  daemon=$(daemon_process)
}
shorten_pause
took() { [ "$(wc -l <"$machine/pages")" -gt "$lines" ]; }
within 60 took
told_of_keys() { tail -n +"$((lines + 1))" "$machine/pages" | grep -q '"rule": "many_keys"'; }
within 20 told_of_keys
sleep 5  # A flood would come now.
tail -n +"$((lines + 1))" "$machine/pages" >"$machine/after"
[ "$(grep -c '"rule": "many_keys"' "$machine/after")" -le 2 ] || die "one page, however often it came and went"
[ "$(grep -c . "$machine/after")" -le 8 ] || die "no flood: $(grep -c . "$machine/after") messages"
! grep -q forged "$machine/pages" || die "all are signed"
[ "$(sed -E 's/.*"message": "([^"]+)".*/\1/' "$machine/pages" | sort | uniq -d | grep -c .)" = 0 ] || die "no message came twice"
keys_go
over() { tail -n +"$((lines + 1))" "$machine/pages" | grep -q '"kind": "resolved".*"rule": "many_keys"'; }
within 20 over

say "nothing is invented"
rows=$(kept_rows)
[ "$rows" -le "$((inserted + inserted / 10 + 20))" ] || die "the history has $rows rows, $inserted were inserted"
before=$rows
# Moments are told in whole seconds, and a reading may be late.
inserts 5000
grown() { [ "$(($(kept_rows) - before))" -ge 1500 ]; }
within 20 grown
[ "$(($(kept_rows) - before))" -le 8000 ] || die "5000 rows were inserted, $(($(kept_rows) - before)) are kept"

run caisson down
exits 0
say "done"
for fault in "${!times[@]}"; do echo "$fault: ${times[$fault]}"; done
