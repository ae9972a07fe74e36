# SPDX-License-Identifier: Apache-2.0
# Every problem that `caisson doctor` knows is made here, and found by its name with a remedy (LUM-10).
source "$(dirname "$0")/story.bash"
takes_platform lumina

finds() { # NAME REMEDY: what the last doctor said
  exits 7
  grep -qE "^✗ $1 " "$out" || die "doctor finds $1"
  says "$2"
}

say "nothing was started yet"
run caisson doctor
finds server_down "caisson up"

say "no PostgreSQL is installed"
CAISSON_POSTGRES="$machine/nowhere" run caisson doctor
finds server_missing "postgresql"

run caisson up
exits 0
run caisson doctor
exits 0
says "no problem found"

say "data is missing after a verification"
sql "delete from sanctions.wallets where address in (select address from sanctions.wallets limit 3)" >/dev/null
run caisson doctor
finds missing_data "caisson seed"
run caisson seed
says "3 restored"

say "a migration was edited"
sed -i '$ a -- edited' migrations/001_initial_schema.sql
run caisson doctor
finds migrations "caisson migrate status"
sed -i '$ d' migrations/001_initial_schema.sql

say "a setting is another one on the server"
sql_admin() { caisson db shell --role admin -- -XAtqc "$1"; }
sql_admin "alter system set work_mem = '5MB'" >/dev/null
sed -i '/^\[server.postgres\]/a work_mem = "7MB"' caisson.toml
run caisson doctor
finds settings "work_mem"
sed -i '/^work_mem/d' caisson.toml
sql_admin "alter system reset all" >/dev/null

say "PostgreSQL hangs"
stopped=$(postmaster)
kill -STOP "$stopped"
run timeout 60 caisson doctor
kill -CONT "$stopped"
finds server_starting "caisson down"

say "somebody holds the port of the API"
sed -i -E "/^\[api\]/,/^\[/ s/^(port *= *)[0-9]+/\1$(address | sed 's/.*://')/" caisson.toml
cp -r "$machine/lumina" "$machine/second"
run caisson -C "$machine/second" doctor
finds port_taken "kill"
sed -i -E '/^\[api\]/,/^\[/ s/^(port *= *)[0-9]+/\10/' caisson.toml

say "the server is still starting"
run caisson down
printf 'hot_standby = off\n' >>"$(state)/postgres/data/postgresql.auto.conf"
as_server_account touch "$(state)/postgres/data/standby.signal"
programs=$(dirname "$(readlink -f "$(command -v postgres || ls /usr/lib/postgresql/*/bin/postgres | tail -1)")")
as_server_account "$programs/postgres" -D "$(state)/postgres/data" >"$machine/postgres.out" 2>&1 &
within 20 test -s "$(state)/postgres/data/postmaster.pid"
run timeout 60 caisson doctor
finds server_starting "wait"
end INT "$(postmaster)"
rm "$(state)/postgres/data/standby.signal"
sed -i '/hot_standby/d' "$(state)/postgres/data/postgresql.auto.conf"

say "a socket is left of a server that is gone"
run caisson up
exits 0
kill -9 "$(daemon_process)" "$(postmaster)" "$(redis_process)"
run caisson doctor
finds stale_socket "caisson up"
run caisson up
exits 0

say "the data was made by another major version"
run caisson down
echo 9 >"$(state)/postgres/data/PG_VERSION"
run caisson doctor
finds state_other_major "pg_dump"
echo 15 >"$(state)/postgres/data/PG_VERSION"

say "the manifest cannot be read"
echo 'nonsense = true' >>caisson.toml
run caisson doctor
finds platform_invalid "nonsense"
sed -i '$ d' caisson.toml

say "variables are missing, and a host name is wrong"
run caisson -e staging doctor
finds variable_invalid "DATABASE_HOST"
export DATABASE_HOST=no-such-host.invalid DATABASE_PASSWORD=$RANDOM-a-long-one REDIS_HOST=no-such-host.invalid REDIS_PASSWORD=x DATABASE_SSLMODE=disable
run caisson -e staging doctor
finds wrong_host "DATABASE_HOST"

say "localhost, where nothing listens: the host of a container is its service's name"
DATABASE_HOST=localhost DATABASE_PORT=$(free_port) run caisson -e staging doctor
finds cannot_connect "DATABASE_HOST=postgres"
unset DATABASE_HOST DATABASE_PASSWORD REDIS_HOST REDIS_PASSWORD DATABASE_SSLMODE

say "the container engine does not answer"
touch compose.yaml
if command -v docker >/dev/null; then
  run caisson doctor
  docker info >/dev/null 2>&1 || finds container_engine "systemctl start docker"
else
  run caisson doctor
  finds container_engine "docker"
fi
rm compose.yaml

say "the application's build cannot run"
echo '{"scripts": {"build": "tsc"}}' >package.json
run caisson doctor
finds application_build "npm"
rm package.json

if [ "$(id -u)" = 0 ]; then
  say "the disk is nearly full"
  mkdir -p "$machine/small"
  mount -t tmpfs -o size=100m,mode=755 caisson-story "$machine/small" || exit 77
  mounts=("$machine/small")
  CAISSON_STATE="$machine/small" run caisson doctor
  finds disk_full "CAISSON_STATE"
fi
