# SPDX-License-Identifier: Apache-2.0
# kill -9 of each process that stays: the daemon brings the servers back (within two seconds on an idle machine), `up` brings the daemon back.
source "$(dirname "$0")/story.bash"
takes_platform lumina
run caisson up
exits 0

healthy() { curl -fsS --max-time 2 "$(address)/health"; }
new_postmaster() { [ "$(postmaster)" != "$old" ] && sql 'select 1'; }
new_redis() { [ "$(redis_process)" != "$old" ] && healthy; }

for round in 1 2 3; do
  say "the postmaster is killed (round $round)"
  old=$(postmaster)
  kill -9 "$old"
  within 20 new_postmaster
  echo "back after $waited ms"
  within 20 healthy
done

say "Redis is killed"
old=$(redis_process)
kill -9 "$old"
within 20 new_redis
echo "back after $waited ms"
grep -q '"event":"server_restarted"' "$(state)/daemon.log" || die "the event is logged"

say "the daemon is killed"
kill -9 "$(daemon_process)"
lumina_is_whole
within 20 healthy

say "everything is killed at once"
kill -9 "$(daemon_process)" "$(postmaster)" "$(redis_process)"
lumina_is_whole
within 20 healthy
