# SPDX-License-Identifier: Apache-2.0
# Two of a kind at once, for real: backups, a backup and prune, drills, a restore over a running server. One works, the other waits or is told
# by whom it is kept, and neither takes the other's work for a leftover.
source "$(dirname "$0")/backups.bash"
rounds=${ROUNDS:-1}
takes_shop <<'TOML'

[backups.tiers.local]
keep = "2"
TOML
superuser "create table filling as select i, repeat(md5(i::text), 20) as text from generate_series(1, 20000) i" >/dev/null
run caisson backup create --kind full
exits 0
run caisson backup create
exits 0
run caisson backup create
exits 0

# Two commands at the same moment, or the second a random time later; each with its exit status and words.
both() {
  local first=$1 second=$2 later=$3 one
  $first >"$machine/one" 2>&1 </dev/null &
  one=$!
  sleep "$later"
  $second >"$machine/two" 2>&1 </dev/null
  second_status=$?
  wait "$one"
  first_status=$?
  cat "$machine/one" "$machine/two" >"$out"
  printf '  %s: %s; %s s later %s: %s\n' "$first" "$first_status" "$later" "$second" "$second_status"
}
at_random() { printf '0.%03d' $((RANDOM % 1000)); }
# Whoever does not do its work says that it is locked, and by whom.
one_works() {
  status="$first_status and $second_status"
  case "$first_status $second_status" in
    "0 0") ;;
    "0 8" | "8 0") says "process" ;;
    *) die "one works, and the other works or is told to wait" ;;
  esac
}
is_whole() {
  run caisson backup validate
  exits 0
  [ -z "$(find "$(repository)/sets" -name '.*.part')" ] || die "nothing is left over"
}

for ((i = 0; i < rounds; ++i)); do
  say "two logical backups"
  both "caisson backup create" "caisson backup create" "$(at_random)"
  one_works
  counts "two logical backups at once"
  say "two physical backups"
  both "caisson backup create --kind incremental" "caisson backup create --kind full" "$(at_random)"
  one_works
  counts "two physical backups at once"
  say "a logical and a physical one"
  both "caisson backup create --kind incremental" "caisson backup create" "$(at_random)"
  one_works
  counts "a logical and a physical backup at once"
  say "a backup and prune"
  before=$(sets_in "$(repository)" | tail -1)
  both "caisson backup create" "caisson backup prune" "$(at_random)"
  # A backup that is being made is a doubt, in which prune removes nothing.
  case "$first_status $second_status" in
    "0 0" | "0 7" | "0 8" | "8 0") ;;
    *) die "prune and create do not harm each other: $first_status $second_status" ;;
  esac
  grep -q "$before" <(sets_in "$(repository)") || die "the newest set before stays"
  counts "a backup and prune at once"
  is_whole
done

for ((i = 0; i < rounds; ++i)); do
  say "two drills at once, of both kinds"
  physical=$(sets_in "$(repository)" | grep -v logical | tail -1) logical=$(sets_in "$(repository)" | grep logical | tail -1)
  both "caisson backup drill $physical --small" "caisson backup drill $logical --small" "$(at_random)"
  status="$first_status and $second_status"
  [ "$status" = "0 and 0" ] || die "both prove what they read"
  counts "two drills at once"
  say "a drill, and prune of what it reads"
  run caisson backup create
  exits 0
  run caisson backup create
  exits 0
  oldest=$(sets_in "$(repository)" | grep logical | head -1)
  both "caisson backup drill $oldest --small" "caisson backup prune" "1.$((RANDOM % 1000))"
  status="$first_status and $second_status"
  [ "$first_status" = 0 ] || die "what a drill reads stays until it is done"
  counts "a drill and prune at once"
done
is_whole

say "restores at once, over a running server and beside it"
both "caisson backup restore --latest --yes" "caisson backup restore --latest --yes" "$(at_random)"
one_works
counts "two restores over a server at once"
run caisson up --until servers
exits 0
both "caisson backup restore latest --into beside_a" "caisson backup restore latest --into beside_b" 0.1
one_works
counts "two restores beside at once"

say "over a running server nothing is restored unasked"
run caisson backup restore --latest
exits 4
run caisson backup restore --latest --to "$(state)/postgres/data"
[ "$status" = 6 ] || die "a directory with a server in it is refused, found $status"
says "not empty"
[ "$(superuser "select 1")" = 1 ] || die "the server runs on"
counts "a restore over a running server"
is_whole
story_ends
