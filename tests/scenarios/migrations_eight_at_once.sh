# SPDX-License-Identifier: Apache-2.0
# Eight runners at once: each file is run once, and who waits is told for whom.
source "$(dirname "$0")/story.bash"
source "$(dirname "$0")/fifty.bash"
takes_fifty calm crowd
run caisson up --until provision
exits 0
run caisson -d calm migrate
exits 0
runners=()
for n in $(seq 8); do
  caisson -d crowd migrate --wait 2m --json >"$machine/runner-$n" 2>"$machine/said-$n" </dev/null &
  runners+=($!)
done
for runner in "${runners[@]}"; do
  wait "$runner" || { cat "$machine"/said-*; die "every runner succeeds"; }
done
[ "$(cat "$machine"/runner-* | grep -o '"direction": *"up"' | wc -l)" -ge 50 ] || die "the files are reported"
grep -q "waiting for" "$machine"/said-* || die "one of them says for whom it waits"
fifty_are_whole crowd "$(schema_hash calm | sha256sum)"

say "who waits too long is told who holds the lock: user, host, since when"
caisson -d crowd db shell --role migrator -- -XAtqc "select pg_advisory_lock(('x' || substr(encode(sha256('caisson:migrations'), 'hex'), 1, 16))::bit(64)::bigint), pg_sleep(600)" >/dev/null 2>&1 &
holder=$!
held() { [ "$(in_database crowd "select count(*) from pg_locks where locktype = 'advisory' and granted")" = 1 ]; }
within 10 held
echo 'select 1;' >migrations/051_more.sql
run caisson -d crowd migrate --wait 200ms
exits 8
says "is held by crowd_migrator"
says "connected since"
caisson -d crowd db shell --role admin -- -XAtqc "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted" >/dev/null
wait "$holder"
run caisson -d crowd migrate
exits 0
