# SPDX-License-Identifier: Apache-2.0
# The clock jumps, ahead and back, for all that runs here and never for the machine (faketime): backups, prune and the schedule delete nothing
# good and tell no negative age. And the offsite repository is away for a day of that clock: the local one goes on, and it catches up.
source "$(dirname "$0")/backups.bash"
rounds=${ROUNDS:-1}
library=$(find /usr/lib /usr/lib64 -name libfaketime.so.1 2>/dev/null | head -1)
[ -n "$library" ] && command -v faketime >/dev/null || { echo "faketime is missing: script/setup installs it"; exit 77; }
# Everything started from here on asks this file for the time, again and again.
clock="$machine/clock"
echo '+0' >"$clock"
chmod 644 "$clock"
# All share one memory of the library's, which is gone with this process; without it each would make its own and leave it.
faketime -f '+0' sleep 3600 &
sharing=$!
shared() { tr '\0' '\n' <"/proc/$(pgrep -P "$sharing")/environ" | sed -n 's/^FAKETIME_SHARED=//p'; }
has_shared() { [ -n "$(shared)" ]; }
within 10 has_shared
FAKETIME_SHARED=$(shared)
export FAKETIME_SHARED
read -r semaphore memory <<<"$FAKETIME_SHARED"
chmod 666 "/dev/shm/sem.${semaphore#/}" "/dev/shm/${memory#/}"
trap 'end_backups; end TERM "$(pgrep -P "$sharing")"; cleanup_backups' EXIT
export LD_PRELOAD=$library FAKETIME_TIMESTAMP_FILE=$clock FAKETIME_CACHE_DURATION=1 DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_FAKE_MONOTONIC=1
# Also in what runs already, once it asks again.
clock_is() {
  printf '%s\n' "$1" >"$clock.new" && mv "$clock.new" "$clock"
  sleep 1.2
}
# Redis' allocator does not get along with the library, and no file of a backup has its time.
for program in redis-server redis-cli; do
  printf '#!/bin/sh\nexec env -u LD_PRELOAD "%s" "$@"\n' "$(command -v $program)" >"$machine/bin/.$program"
  chmod 755 "$machine/bin/.$program"
  mv "$machine/bin/.$program" "$machine/bin/$program"
done
local="$machine/disks/local" offsite="$machine/disks/offsite"
mkdir -p "$local" "$offsite"
takes_shop <<TOML

[backups]
archive_timeout = "1h"
[backups.repositories.local]
path = "$local"
[backups.repositories.offsite]
path = "$offsite"
[backups.tiers.local]
keep = "12h"
[backups.tiers.offsite]
repository = "offsite"
keep = "2d"
[backups.schedule]
logical = "0 */6 * * *"
prune = "30 */6 * * *"
TOML
repository() { echo "$local/shop-local"; }
copies() { echo "$offsite/shop-local"; }
# A creation of a set, whose end is judged by the story.
backs_up() {
  run caisson backup create "$@"
  made=$(sed -nE 's/^. ([0-9]{8}T[0-9]{6}Z-[a-z]+-[0-9a-f]+): .*/\1/p' "$out")
}
no_negative_age() {
  for verb in "list" "doctor" "stats" "schedule" "prune --dry-run"; do
    run caisson backup $verb
    ! grep -qE '(^|[^[:alnum:]])-[0-9]+(\.[0-9]+)? ?(ms|s|min|h|d|seconds?|minutes?|hours?|days?)([^[:alnum:]]|$)' "$out" "$err" ||
      die "no negative age in backup $verb"
  done
}

say "the offsite repository is away for a day"
backs_up
exits 0
backs_up --kind full
exits 0
backs_up --kind full --repository offsite
exits 0
ledger_begins
sleep 1
ledger_ends
offsite_before=$(sets_in "$(copies)")
mv "$(copies)" "$machine/away"
expected=$(sets_in "$(repository)")
for hours in 6 12 18 24; do
  clock_is "+${hours}h"
  writes
  superuser "select pg_switch_wal()" >/dev/null
  backs_up
  exits 7
  says "offsite has no copy"
  says "stored in local"
  expected+=" $made"
  run caisson backup prune
  says "offsite is not there"
  [ -z "$(ls "$offsite")" ] || die "nothing is made where its disk was"
done
run caisson backup doctor
exits 7
says "the repository offsite is not there"
# What it takes of the log, it takes when the server tries again: at once where it is woken.
today=$(date -u +%Y-%m-%d)
local_has_the_day() {
  superuser "select pg_reload_conf()" >/dev/null
  sleep 2
  run caisson backup list
  grep -qE "^local: restorable to any moment from [^ ]+ to (now|$today)" "$out"
}
within 100 local_has_the_day
counts "the offsite repository away for a day"

say "it is back, and catches up"
mv "$machine/away" "$(copies)"
superuser "select pg_switch_wal(), pg_reload_conf()" >/dev/null
within 130 no_segment_waits
backs_up
exits 0
for set in $(sets_in "$(repository)" | grep logical); do
  [ -e "$(copies)/sets/$set/set.json" ] || die "offsite has $set"
done
for set in $offsite_before; do
  [ -e "$(copies)/sets/$set/set.json" ] || die "nothing expired while it was away: $set"
done
run caisson backup prune
for set in $offsite_before; do
  [ -e "$(copies)/sets/$set/set.json" ] || die "two days are not over: $set"
done
run caisson backup list
says "offsite: restorable to any moment from"
does_not_say "is missing"
run caisson backup validate
exits 0

for ((i = 0; i < rounds; ++i)); do
  # A jump of less than ten of the usual six hours between sets looks like an outage, and ages them by as much.
  base=$((30 + i)) ahead=$((72 + RANDOM % 9000)) back=$((RANDOM % 9000 + 24))
  say "the clock jumps $ahead hours ahead, and comes back"
  clock_is "+${base}h"
  backs_up
  exits 0
  good=$made
  clock_is "+$((base + ahead))h"
  no_negative_age
  run caisson backup prune
  [ -e "$(repository)/sets/$good/set.json" ] || die "the newest good set stays, whatever the clock says"
  backs_up
  exits 0
  future=$made
  run caisson backup prune
  clock_is "+${base}h"
  no_negative_age
  run caisson backup doctor
  exits 7
  says "a clock"
  run caisson backup prune
  exits 7
  backs_up
  exits 0
  [ -e "$(repository)/sets/$good/set.json" ] || die "the good set of before is still there"
  [ -e "$(repository)/sets/$made/set.json" ] || die "what is made after it is there"
  run caisson backup restore latest --into "after_$i"
  exits 0
  counts "a clock that jumps ahead and back"
  rm -r "$(repository)/sets/$future" "$(copies)/sets/$future"

  say "the clock goes $back hours back"
  before=$(sets_in "$(repository)")
  clock_is "-${back}h"
  no_negative_age
  run caisson backup prune
  exits 7
  [ "$(sets_in "$(repository)")" = "$before" ] || die "nothing goes while the sets are of the future"
  backs_up
  exits 0
  [ -e "$(repository)/sets/$made/set.json" ] || die "it is there"
  run caisson backup prune
  [ "$(comm -23 <(echo "$before") <(sets_in "$(repository)"))" = "" ] || die "nothing of before is gone"
  rm -rf "$(repository)/sets/$made" "$(copies)/sets/$made"
  clock_is "+${base}h"
  counts "a clock that goes back"
done

say "physical backups and the log, across jumps"
for jump in +60h +20h; do
  clock_is "$jump"
  writes
  superuser "select pg_switch_wal()" >/dev/null
  within 60 no_segment_waits
  backs_up --kind full
  exits 0
  no_negative_age
done
clock_is +70h
writes
run caisson backup restore --latest --yes
exits 0
ledger_is_there
story_ends
