# SPDX-License-Identifier: Apache-2.0
# kill -9 of the runner at every statement and file of fifty, at random moments, and of PostgreSQL in the middle of files:
# the next run goes on. CAISSON_STORIES=long kills PostgreSQL in every file.
source "$(dirname "$0")/story.bash"
source "$(dirname "$0")/fifty.bash"
takes_fifty calm statements applied files random server
run caisson up --until provision
exits 0
run caisson -d calm migrate
exits 0
expected=$(schema_hash calm | sha256sum)
fifty_are_whole calm "$expected"

# Kills at each of these points in turn until a run finishes.
killed_at_each() {
  local database=$1 kills=0 point
  shift
  for _ in $(seq 300); do
    for point in "$@"; do
      CAISSON_FAULT=$point run caisson -d "$database" migrate
      [ "$status" = 0 ] && break 2
      exits 137
      kills=$((kills + 1))
    done
  done
  echo "killed $kills times"
  [ "$kills" -ge "$least" ] || die "the runner was killed at least $least times"
  fifty_are_whole "$database" "$expected"
}

say "killed after each file"
least=50 killed_at_each files migration-applied

say "killed at each statement outside of a transaction, before and after it is noted"
least=40 killed_at_each statements statement-sent statement-applied

say "killed after each statement that is noted by itself"
least=60 killed_at_each applied statement-applied

say "killed at random moments"
kills=0
for _ in $(seq 40); do
  caisson -d random migrate >"$out" 2>"$err" </dev/null &
  runner=$!
  sleep "0.0$((RANDOM % 90 + 10))"
  kill -9 "$runner" 2>/dev/null && kills=$((kills + 1))
  wait "$runner" 2>/dev/null
  [ "$(in_database random "select count(*) from caisson.migrations where state = 'applied'")" = 50 ] && break
done
echo "killed $kills times"
run caisson -d random migrate
exits 0
fifty_are_whole random "$expected"

say "PostgreSQL is killed in the middle of files"
step=16
[ "${CAISSON_STORIES:-}" = long ] && step=1
for n in $(seq 1 $step 50); do
  [ "$n" = 1 ] || run caisson -d server migrate --to "$(printf '%03d' $((n - 1)))"
  [ "$n" = 1 ] || exits 0
  victim=$(postmaster)
  caisson -d server migrate >"$out" 2>"$err" </dev/null &
  runner=$!
  sleep "0.0$((RANDOM % 70 + 10))"
  kill -9 "$victim"
  wait "$runner"
  status=$?
  [ "$status" = 0 ] || [ "$status" = 5 ] || die "the run finishes or says that the server is gone"
  run caisson up --until servers
  exits 0
  applied=$(in_database server "select coalesce(max(version), '000') from caisson.migrations")
  [ "$((10#$applied))" -ge "$((n - 1))" ] || die "what was applied stays"
done
run caisson -d server migrate
exits 0
fifty_are_whole server "$expected"
