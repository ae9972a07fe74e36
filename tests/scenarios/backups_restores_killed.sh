# SPDX-License-Identifier: Apache-2.0
# kill -9 of restores, drills and prune at random moments: the server has the old data or the new, whole; the next run finishes; nothing that
# a killed drill began is taken for a proof, and what prune must keep is there.
source "$(dirname "$0")/backups.bash"
# The repository is put back to a copy, below: nothing may be archived meanwhile.
takes_shop <<'TOML'

[backups]
archive_timeout = "1h"
[backups.tiers.local]
keep = "2"
TOML
run caisson backup create --kind full
exits 0
ledger_begins
for _ in 1 2 3; do
  run caisson backup create
  exits 0
done
ledger_ends
newest=$(sets_in "$(repository)" | grep logical | tail -1)
# No server of a killed run is at work any more, and no directory or database of it is left.
nothing_is_left() {
  within 20 no_server_beside
  [ ! -e "$(state)/postgres/restoring" ] || die "what was being recovered is gone"
  [ -z "$(find "$machine/state" -maxdepth 1 \( -name 'recovery-*' -o -name 'shadow-*' \) -print -quit)" ] || die "no directory is left: $(ls "$machine/state")"
  [ "$(superuser "select count(*) from pg_database where datname like '%_restored_%' or datname like 'caisson_draft_%'")" = 0 ] || die "no database is left"
}
no_server_beside() {
  local pid
  for pid in $(pgrep -x postgres); do
    [[ $(readlink "/proc/$pid/cwd") == "$machine"/* && $(readlink "/proc/$pid/cwd") != "$(state)/postgres/data" ]] && return 1
  done
  return 0
}

say "drills are killed"
takes caisson backup drill "$newest" --small
exits 0
logical=$took
physical_set=$(sets_in "$(repository)" | grep full)
takes caisson backup drill "$physical_set" --small
exits 0
physical=$took
for ((i = 0; i < rounds; ++i)); do
  if [ $((i % 2)) = 0 ]; then
    kills "kill -9 of a drill of a logical set" "$logical" caisson backup drill "$newest" --small
  else
    kills "kill -9 of a drill of a physical set" "$physical" caisson backup drill "$physical_set" --small
  fi
done
run caisson backup drill "$newest" --small
exits 0
run caisson backup drill "$physical_set" --small
exits 0
nothing_is_left
run caisson backup validate
exits 0

say "restores of a database are killed"
run caisson backup create
exits 0
newest=$(sets_in "$(repository)" | grep logical | tail -1)
good=$(sql "select count(*), md5(string_agg(email, ',' order by id)) from customers")
spoil() { superuser "update customers set email = 'spoilt' || id" >/dev/null; }
spoil
bad=$(sql "select count(*), md5(string_agg(email, ',' order by id)) from customers")
takes caisson backup restore "$newest" --yes
exits 0
limit=$took
for ((i = 0; i < rounds; ++i)); do
  spoil
  kills "kill -9 of a restore of a database" "$limit" caisson backup restore "$newest" --yes
  # Between closing the old one and opening the new one nobody gets in: the next run opens it.
  found=$(sql "select count(*), md5(string_agg(email, ',' order by id)) from customers")
  case $found in
    "$good" | "$bad") ;;
    *) printf '  nobody gets in: %s\n' "$(head -1 <<<"$found")" ;;
  esac
done
# The session of the killed one may have a statement to end.
restored() {
  run caisson backup restore "$newest" --yes
  [ "$status" = 0 ]
}
nobody_makes_one() { [ "$(superuser "select count(*) from pg_stat_activity where query ilike 'create database%' and state = 'active' and pid <> pg_backend_pid()")" = 0 ]; }
within 60 nobody_makes_one
within 60 restored
[ "$(sql "select count(*), md5(string_agg(email, ',' order by id)) from customers")" = "$good" ] || die "the rows are those of the backup"
nothing_is_left
run caisson up --until verify
exits 0
ledger_is_there

say "restores of the server are killed"
writes
takes caisson backup restore --latest --yes
exits 0
limit=$took
for ((i = 0; i < rounds; ++i)); do
  writes
  kills "kill -9 of a restore of the server" "$limit" caisson backup restore --latest --yes
  run caisson up --until servers
  exits 0
  [ "$(find "$(state)/postgres" -maxdepth 1 -name 'before-*' | wc -l)" -le $((i + 2)) ] || die "no copy is left by a killed one"
  ledger_is_there
  nothing_is_left
done
run caisson backup restore --latest --yes
exits 0
ledger_is_there
nothing_is_left
run caisson up --until verify
exits 0

say "a restore of the server is killed on either side of the exchange"
copies() { find "$(state)/postgres" -maxdepth 1 -name 'before-*' | wc -l; }
there=$(copies)
CAISSON_FAULT=data-named run caisson backup restore --latest --yes
[ "$status" = 137 ] || die "killed before the exchange, found $status"
[ "$(copies)" = $((there + 1)) ] || die "what it restored lies beside"
run caisson up --until servers
exits 0
[ "$(copies)" = "$there" ] || die "what serves nobody is gone"
ledger_is_there
epochs() { superuser "select max(epoch) from caisson.journal"; }
before=$(epochs)
CAISSON_FAULT=data-exchanged run caisson backup restore --latest --yes
[ "$status" = 137 ] || die "killed after the exchange, found $status"
run caisson up --until servers
exits 0
says "was killed after it had put them in place"
says "the data of before are in $(state)/postgres/before-"
[ "$(copies)" = $((there + 1)) ] || die "the data of before stay"
[ "$(epochs)" != "$before" ] || die "what comes is another history"
run caisson up --until servers
exits 0
does_not_say "was killed"
counts "kill -9 of a restore of the server beside the exchange" 2
ledger_is_there

say "prune is killed"
for _ in 1 2 3; do
  run caisson backup create
  exits 0
done
run caisson backup drill --small
exits 0
proven=$(sets_in "$(repository)" | grep logical | tail -1)
run caisson backup create
exits 0
run caisson backup create
exits 0
cp -a "$(repository)" "$machine/kept"
before=$(sets_in "$(repository)")
takes caisson backup prune
exits 0
limit=$took
after=$(sets_in "$(repository)")
[ "$(wc -l <<<"$after")" -lt "$(wc -l <<<"$before")" ] || die "there is something to be pruned"
place=$(repository)
for ((i = 0; i < rounds; ++i)); do
  while
    rm -r "$place"
    cp -a "$machine/kept" "$place"
    killed_within "$limit" caisson backup prune
    [ "$was_killed" = no ]
  do limit=$((limit * 4 / 5)); done
  counts "kill -9 of prune"
  [ "$(comm -23 <(echo "$after") <(sets_in "$place"))" = "" ] || die "what is to be kept is there"
  run caisson backup validate
  exits 0
  run caisson backup prune
  exits 0
  [ "$(sets_in "$place")" = "$after" ] || die "the next one finishes"
  [ -e "$place/sets/$proven/set.json" ] || die "the last proven set stays"
done
run caisson journal verify
exits 0
story_ends
