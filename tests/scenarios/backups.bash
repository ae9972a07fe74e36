# SPDX-License-Identifier: Apache-2.0
# Words of the stories about backups that meet faults: a small platform, a ledger of acknowledged writes as the oracle, and
# kills at random moments of what a run takes undisturbed. Sourced. ROUNDS: how often each random fault is injected.
source "$(dirname "${BASH_SOURCE[0]}")/story.bash"
command -v pgbackrest >/dev/null || { echo "pgbackrest is missing: script/setup installs it" >&2; exit 1; }
rounds=${ROUNDS:-2}
ledger="$machine/ledger" stop="$machine/stop" writing=

# A platform of two tables, with its servers; lines on standard input are added to its manifest.
takes_shop() {
  cd "$machine" || exit 99
  run caisson init shop
  exits 0
  cd shop || exit 99
  sed -i -E 's/^port = 4000/port = 0/' caisson.toml
  cat >>caisson.toml
  run caisson up --until seed
  exits 0
}
backups() { echo "$machine"/state/backups/shop-local-*; }
repository() { echo "$(backups)/local"; }
superuser() { PGPASSFILE=$(state)/secrets/pgpass psql -h "$(state)/run" -U postgres -d shop_db -XAtqc "$1" 2>&1; }
sets_in() { ls "$1/sets" 2>/dev/null; }
no_segment_waits() { [ "$(superuser "select count(*) from pg_ls_archive_statusdir() where name like '%.ready'")" = 0 ]; }
# The archived segments of a repository, oldest first.
segments_in() { find "$1/pgbackrest/archive" -name '0000000[0-9]*-*.zst' | sort; }

# --- The ledger: what the server has acknowledged, with the moment at which it had done so.
ledger_begins() {
  superuser "create schema oracle; create table oracle.ledger (n int primary key, at timestamptz default clock_timestamp())" >/dev/null
  rm -f "$stop"
  touch "$ledger"
  write_ledger &
  writing=$!
}
write_ledger() {
  local n=0
  while [ ! -e "$stop" ]; do
    n=$((n + 1))
    [ "$(superuser "insert into oracle.ledger values ($n) returning n")" = "$n" ] && echo "$n $(date +%s%N)" >>"$ledger"
    sleep "${LEDGER_PAUSE:-0.05}"
  done
}
ledger_ends() {
  touch "$stop"
  wait "$writing"
  writing=
}
# One write, now.
writes() {
  local n
  n=$((1000000 + $(wc -l <"$ledger")))
  [ "$(superuser "insert into oracle.ledger values ($n) returning n")" = "$n" ] || die "the server takes a write"
  echo "$n $(date +%s%N)" >>"$ledger"
}
# Every write that was acknowledged (before this moment, in ns) is there.
ledger_is_there() {
  local lost
  lost=$(comm -23 <(awk -v m="${1:-9e30}" '$2 < m {print $1}' "$ledger" | sort) <(superuser "select n from oracle.ledger" | sort))
  [ -z "$lost" ] || die "acknowledged and not there: $lost"
}

# --- Kills. How long an undisturbed run takes (ms) is what moments are drawn from.
takes() {
  local start
  start=$(date +%s%N)
  run "$@"
  took=$((($(date +%s%N) - start) / 1000000))
}
# Starts a command and kills it at a random moment within so many ms; whether it was still at work is in $was_killed.
killed_within() {
  local limit=$1 moment pid
  shift
  "$@" >"$out" 2>"$err" </dev/null &
  pid=$!
  moment=$((RANDOM * limit / 32768))
  sleep "$((moment / 1000)).$(printf %03d $((moment % 1000)))"
  kill -9 "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
  status=$?
  was_killed=$([ "$status" = 137 ] && echo yes || echo no)
  printf '  at %s ms: %s\n' "$moment" "$([ "$was_killed" = yes ] && echo killed || echo "had ended with $status")"
}
# Kills a command at a random moment, and begins again where it had ended by then.
kills() {
  local fault=$1 limit=$2
  shift 2
  while killed_within "$limit" "$@"; [ "$was_killed" = no ]; do limit=$((limit * 4 / 5)); done
  counts "$fault"
}
servers_are_up() {
  run caisson up --until servers
  exits 0
}

# --- What was injected; it was survived where the story goes on to its end.
declare -A injected=()
counts() { injected[$1]=$((${injected[$1]:-0} + ${2:-1})); }
story_ends() {
  local fault
  say "survived of injected"
  for fault in "${!injected[@]}"; do printf '%4s of %-4s %s\n' "${injected[$fault]}" "${injected[$fault]}" "$fault"; done | sort -k4
}

# What a killed run left at work ends with the machine, before its directory goes. A server's children do not name it: they are
# known by where they are, and one that is still there would write once more.
at_work() {
  pgrep -f "$machine/"
  find /proc/[0-9]*/cwd -maxdepth 0 -lname "$machine/*" 2>/dev/null | cut -d/ -f3
}
end_backups() {
  local pid
  cd /
  [ -n "$writing" ] && { touch "$stop"; end TERM "$writing"; }
  for pid in $(at_work); do
    [ "$pid" = $$ ] || end TERM "$pid"
  done
}
cleanup_backups() {
  cleanup
  # Somebody began while the others ended, as a supervisor does.
  [ ! -e "$machine" ] || { end_backups; rm -rf "$machine"; }
  [ ! -e "$machine" ] || { echo "left behind: $machine, by $(at_work | paste -sd' ')" >&2; exit 1; }
}
trap 'end_backups; cleanup_backups' EXIT
