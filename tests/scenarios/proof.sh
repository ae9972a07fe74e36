# SPDX-License-Identifier: Apache-2.0
# Lumina's migrations proven without a server; a proof that is killed half-way, one whose server dies, and shadows that
# are somebody's.
source "$(dirname "$0")/story.bash"
takes_platform lumina
places() { find "$machine/state/shadow" -maxdepth 1 -name 'run-*' -type d | wc -l; }
shadow_processes() { pgrep -f -- "-D $machine/state/shadow/" | wc -l; }

say "every file of Lumina goes up, down and up again, with nothing running"
run caisson migrate prove
exits 0
says "2 proven"
says "nothing written the second time"
run caisson migrate prove --features all --output proof.json
exits 0
says "3 proven"
grep -q '"holds":true' proof.json || die "the proof is kept"
[ "$(places)" = 0 ] || die "no shadow is left"

say "kill -9 half-way: the guard ends the server, and the next run sweeps the rest"
printf 'select pg_sleep(60);\n' >migrations/004_slow.sql
caisson migrate prove >"$out" 2>"$err" &
proving=$!
sleeping() {
  local pid
  for pid in $(pgrep -f '^postgres: .* SELECT'); do
    [[ $(readlink "/proc/$pid/cwd") == "$machine"/state/shadow/run-* ]] && return 0
  done
  return 1
}
within 30 sleeping
kill -9 "$proving"
wait "$proving" 2>/dev/null
rm migrations/004_slow.sql
run caisson migrate prove
exits 0
[ "$(places)" = 0 ] || die "the place of the killed run is gone"
gone() { [ "$(shadow_processes)" = 0 ]; }
within 10 gone

say "a server that dies under the proof is said, and nothing is left"
printf 'select pg_sleep(60);\n' >migrations/004_slow.sql
caisson migrate prove >"$out" 2>"$err" &
proving=$!
within 30 sleeping
kill -9 "$(head -1 "$machine"/state/shadow/run-*/data/postmaster.pid)"
wait "$proving"
status=$?
exits 5
rm migrations/004_slow.sql
[ "$(places)" = 0 ] || die "no shadow is left"

say "a shadow that holds something is refused, one that is empty is emptied again"
run caisson up --until servers
exits 0
socket=$(state)/run
superuser() { PGPASSFILE=$(state)/secrets/pgpass psql -h "$socket" -U postgres -XAtqc "$2" "$1"; }
superuser postgres 'create database lumina_shadow'
superuser lumina_shadow 'create table customers (id int)'
sed -i "/^\[environments.local\]/a shadow = { host = \"$socket\", user = \"postgres\", password = \"\${SHADOW_PASSWORD}\", database = \"lumina_shadow\" }" caisson.toml
cat >>caisson.toml <<'TOML'

[variables.SHADOW_PASSWORD]
secret = true
description = "of the shadow"
TOML
SHADOW_PASSWORD=$(sed -n 's/.*:postgres:\(.*\)/\1/p' "$(state)/secrets/pgpass" | head -1)
export SHADOW_PASSWORD
run caisson migrate prove
exits 4
says "table public.customers"
superuser lumina_shadow 'drop table customers'
run caisson migrate prove
exits 0
says "lumina_shadow"
[ -z "$(superuser lumina_shadow "select 1 from pg_class where relnamespace = 'public'::regnamespace")" ] || die "the shadow is empty again"
