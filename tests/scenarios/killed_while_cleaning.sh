# SPDX-License-Identifier: Apache-2.0
# kill -9 while keys get their time to live: the next run finishes, and nothing is done twice.
source "$(dirname "$0")/story.bash"
mkdir -p "$machine/shop" && cd "$machine/shop" || exit 99
cat >caisson.toml <<'TOML'
[platform]
name = "shop"
[databases.main]
name = "shop_db"
[cache.keys."session:{id}"]
ttl = "7d"
[cache.keys."lock:{name}"]
ttl = "60s"
on_missing = "delete"
TOML
run caisson up --until servers
exits 0
redis() { REDISCLI_AUTH=$(cat "$(state)/secrets/redis") redis-cli -s "$(find "$machine" -name redis.sock)" "$@"; }
count() { redis eval "local n = 0 for _, k in ipairs(redis.call('KEYS', ARGV[1])) do if (redis.call('PTTL', k) == -1) == (ARGV[2] == 'without') then n = n + 1 end end return n" 0 "$1" "$2"; }

say "3,000 sessions and 3,000 locks without a time to live, and 500 sessions with one"
redis eval "for i = 1, 3000 do redis.call('SET', 'session:' .. i, 'x') redis.call('SET', 'lock:' .. i, 'x') end
  for i = 1, 500 do redis.call('SET', 'session:new' .. i, 'x', 'EX', 1000) end" 0 >/dev/null

say "killed after the first batches, again and again"
for moment in 1 5 20; do
  run env CAISSON_FAULT=cache-cleaned:$moment caisson cache clean --yes
  exits 137
done
set_so_far=$(count 'session:*' with)
[ "$set_so_far" -gt 500 ] || die "some sessions have their time to live: $set_so_far"
[ "$(count 'session:*' without)" -gt 0 ] || die "some sessions are left to do"
redis eval "for i = 1, 3000 do if redis.call('TTL', 'session:' .. i) > 0 then redis.call('EXPIRE', 'session:' .. i, 5000) end end" 0 >/dev/null
marked=$(redis eval "local n = 0 for i = 1, 3000 do if redis.call('TTL', 'session:' .. i) > 0 then n = n + 1 end end return n" 0)

say "the next run does what is left and nothing of what was done"
run caisson cache clean --yes
exits 0
[ "$(count 'session:*' without)" = 0 ] || die "every session ends"
[ "$(redis eval "local n = 0 for i = 1, 3000 do if redis.call('TTL', 'session:' .. i) <= 5000 then n = n + 1 end end return n" 0)" = "$marked" ] ||
  die "no session of the first runs got a new time to live"
[ "$(redis eval "local n = 0 for i = 1, 500 do if redis.call('TTL', 'session:new' .. i) <= 1000 then n = n + 1 end end return n" 0)" = 500 ] ||
  die "sessions that had a time to live keep it"
[ "$(redis --raw keys 'lock:*' | grep -c .)" = 0 ] || die "every lock is gone"

[ "$(redis --raw keys 'session:*' | grep -c .)" = 3500 ] || die "no session is lost"

say "killed at any moment, whatever it was doing: what is cleaned stays so, and no key is lost"
redis eval "for i = 1, 20000 do redis.call('SET', 'session:' .. i, 'x') redis.call('SET', 'lock:' .. i, 'x') end" 0 >/dev/null
killed=0 begun=0 left=20000 locks=20000
for _ in 1 2 3 4 5 6 7 8 9 10; do
  caisson cache clean --yes >"$out" 2>"$err" &
  cleaning=$!
  sleep "0.$(printf %03d $((RANDOM % 400)))"
  kill -9 "$cleaning" 2>/dev/null && killed=$((killed + 1))
  wait "$cleaning"
  now=$(count 'session:*' without) locks_now=$(redis --raw keys 'lock:*' | grep -c .)
  [ "$now" -le "$left" ] || die "sessions keep their time to live: $left had none, now $now"
  [ "$locks_now" -le "$locks" ] || die "locks that are gone stay so"
  [ "$(redis --raw keys 'session:*' | grep -c .)" = 20500 ] || die "no session is lost"
  [ "$now" -gt 0 ] && [ "$now" -lt 20000 ] && begun=$((begun + 1))
  left=$now locks=$locks_now
done
echo "killed $killed times, $begun times in the middle"
[ "$killed" -gt 0 ] || die "some of them were in time"
run caisson cache clean --yes
exits 0
[ "$(count 'session:*' without)" = 0 ] || die "every session ends"
[ "$(redis --raw keys 'lock:*' | grep -c .)" = 0 ] || die "every lock is gone"
[ "$(redis --raw keys 'session:*' | grep -c .)" = 20500 ] || die "no session is lost"
[ "$(redis eval "local n = 0 for i = 1, 500 do if redis.call('TTL', 'session:new' .. i) <= 1000 then n = n + 1 end end return n" 0)" = 500 ] ||
  die "sessions that had a time to live keep it"

say "and the one after finds nothing to do"
run caisson cache clean --yes
exits 0
says "nothing to clean"
run caisson cache audit
exits 0
