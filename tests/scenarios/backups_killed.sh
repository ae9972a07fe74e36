# SPDX-License-Identifier: Apache-2.0
# kill -9 of backups at random moments, logical and physical, and of PostgreSQL while they are made: what was begun counts for nothing,
# the next run makes one, and no acknowledged write is lost (KYB-4, PND-12).
source "$(dirname "$0")/backups.bash"
takes_shop </dev/null
superuser "create table filling as select i, repeat(md5(i::text), 20) as text from generate_series(1, 20000) i" >/dev/null
takes caisson backup create
exits 0
logical=$took
run caisson backup create --kind full
exits 0
takes caisson backup create --kind full
exits 0
physical=$took
ledger_begins
# Only what is whole has a name, however the others ended.
only_whole_sets() {
  run caisson backup validate
  exits 0
}

say "a logical backup is killed"
for ((i = 0; i < rounds; ++i)); do
  kills "kill -9 of a logical backup" "$logical" caisson backup create
done
only_whole_sets
run caisson backup create
exits 0
[ -z "$(find "$(repository)/sets" -name '.*.part')" ] || die "what was never finished is gone"

say "a physical backup is killed"
kinds=(full incremental differential)
for ((i = 0; i < rounds; ++i)); do
  kills "kill -9 of a physical backup" "$physical" caisson backup create --kind "${kinds[$((RANDOM % 3))]}"
  [ $((i % 7)) = 3 ] && only_whole_sets
done
only_whole_sets
run caisson backup create --kind incremental
exits 0
[ -z "$(find "$(repository)/sets" -name '.*.part')" ] || die "what was never finished is gone"
run caisson backup doctor
does_not_say "no manifest"

say "PostgreSQL is killed while a backup is made"
for ((i = 0; i < rounds; ++i)); do
  kind=$([ $((i % 2)) = 0 ] && echo incremental || echo logical)
  caisson backup create --kind "$kind" >"$out" 2>"$err" </dev/null &
  backup=$!
  moment=$((RANDOM * (i % 2 == 0 ? physical : logical) / 32768))
  sleep "$((moment / 1000)).$(printf %03d $((moment % 1000)))"
  kill -9 "$(postmaster)"
  wait "$backup"
  status=$?
  printf '  %s, PostgreSQL killed at %s ms: %s\n' "$kind" "$moment" "$status"
  # Not a bug of ours, and never a success that has no set.
  case $status in 0 | 5 | 6) ;; *) die "a backup whose server dies says so" ;; esac
  counts "PostgreSQL killed during a backup"
  servers_are_up
done
only_whole_sets

say "the next ones are made, and every acknowledged write comes back"
run caisson backup create
exits 0
run caisson backup create --kind incremental
exits 0
sleep 1
# In this order: what was acknowledged before the one was committed before the other.
moment_ns=$(date +%s%N) moment=$(date -u +%Y-%m-%dT%H:%M:%S.%6NZ)
sleep 1
ledger_ends
superuser "drop schema oracle cascade" >/dev/null
run caisson backup restore --time "$moment" --yes
exits 0
ledger_is_there "$moment_ns"
[ "$(superuser "select count(*) from oracle.ledger where at > '$moment'")" = 0 ] || die "nothing of after it is there"
run caisson up --until verify
exits 0
run caisson journal verify
exits 0
story_ends
