# SPDX-License-Identifier: Apache-2.0
# PgBouncer in transaction mode stands between: the runs hold a lease instead of a lock, and each file is run once.
source "$(dirname "$0")/story.bash"
source "$(dirname "$0")/fifty.bash"
command -v pgbouncer >/dev/null || { echo "needs pgbouncer"; exit 77; }
takes_fifty calm pooled
# Files that need a session that lasts are for a connection of one's own.
for file in migrations/*; do grep -q "^set \|^begin" "$file" && sed -i '/^set \|^begin;\|^commit;/d' "$file"; done
run caisson up --until provision
exits 0
run caisson -d calm migrate
exits 0
expected=$(schema_hash calm | sha256sum)

say "a pooler before the server"
port=$(free_port) socket=$(sed -n 5p "$(state)/postgres/data/postmaster.pid") server_port=$(sed -n 4p "$(state)/postgres/data/postmaster.pid")
mkdir -p "$machine/pooler"
# Name and password of each role, the first one that a passfile has.
passwords() { sed -nE 's/^[^:]*:[^:]*:[^:]*:([^:]*):(.*)$/"\1" "\2"/p' "$@" | awk '!seen[$1]++'; }
# In one piece: the pooler looks at this file by itself, too.
writes_users() { passwords "$@" >"$machine/pooler/users.new" && mv "$machine/pooler/users.new" "$machine/pooler/users"; }
writes_users "$(state)/secrets/pgpass"
cat >"$machine/pooler/pgbouncer.ini" <<INI
[databases]
* = host=$socket port=$server_port
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = plain
auth_file = $machine/pooler/users
pool_mode = transaction
default_pool_size = 3
max_client_conn = 100
server_login_retry = 1
logfile = $machine/pooler/log
pidfile = $machine/pooler/pid
INI
as_account() { if [ "$(id -u)" = 0 ]; then chown -R caisson "$machine/pooler"; runuser -u caisson -- "$@"; else "$@"; fi; }
as_account pgbouncer -d -q "$machine/pooler/pgbouncer.ini" || die "the pooler starts"
pooler_ends() { [ $? = 0 ] || tail -40 "$machine/pooler/log"; end TERM "$(cat "$machine/pooler/pid" 2>/dev/null)"; cleanup; }
trap pooler_ends EXIT

password() { sed -nE "s/^[^:]*:[^:]*:[^:]*:$1:(.*)\$/\1/p" "$(state)/secrets/pgpass" | head -1; }
local_state=$(state)
cat >>caisson.toml <<TOML
[variables.POOLED_PASSWORD]
secret = true
[environments.pooled]
host = "127.0.0.1"
port = $port
user = "postgres"
password = "\${POOLED_PASSWORD}"
TOML
POOLED_PASSWORD=$(password postgres)
export POOLED_PASSWORD
in_pool() { caisson -e pooled -d pooled "$@"; }
run caisson -d pooled db drop --yes
exits 0
run in_pool provision
exits 0
writes_users "$machine"/state/fifty-pooled-*/secrets/pgpass "$local_state/secrets/pgpass"
# The pooler reads its file again in its own time: wait until it lets the new role in.
knows_role() { kill -HUP "$(cat "$machine/pooler/pid")" && PGPASSWORD=$(sed -nE 's/^"pooled_migrator" "(.*)"$/\1/p' "$machine/pooler/users") \
  psql -h 127.0.0.1 -p "$port" -U pooled_migrator -d pooled -qAtc 'select 1' >/dev/null 2>&1; }
within 20 knows_role

say "four runners through the pooler, and every file is run once"
runners=()
for n in 1 2 3 4; do
  in_pool migrate --wait 2m >"$machine/runner-$n" 2>"$machine/said-$n" </dev/null &
  runners+=($!)
done
for runner in "${runners[@]}"; do
  wait "$runner" || { cat "$machine"/said-* "$machine/pooler/log"; die "every runner succeeds"; }
done
ask() { in_pool db shell --role service -- -XAtqc "$1" 2>&1; }
[ "$(ask 'select count(*), count(distinct (file, statement)) from marks')" = "100|100" ] || die "each statement once"
[ "$(ask "select count(*) from caisson.migrations where state = 'applied'")" = 50 ] || die "fifty in the history"
[ "$(ask "select count(*) from pg_locks where locktype = 'advisory'")" = 0 ] || die "no lock is left"
[ "$(ask "select count(*) from caisson.leases where expires_at > now()")" = 0 ] || die "no lease is left"

say "a lease that somebody holds is told, and one that expired is taken over"
echo 'select 1;' >migrations/051_more.sql
ask "update caisson.leases set expires_at = now() + interval '1 hour', holder = 'somebody'" >/dev/null
run in_pool migrate --wait 200ms
exits 8
says "held by somebody through a pooler, since"
ask "update caisson.leases set expires_at = now() - interval '1 second'" >/dev/null
run in_pool migrate
exits 0

say "a file that needs a session that lasts is refused with the remedy"
printf -- '-- caisson: no-transaction\nset search_path = public;\nselect 1;\n' >migrations/052_session.sql
run in_pool migrate
exits 6
says "connect to PostgreSQL itself"

say "another tool's lock is taken by each transaction, and respected"
rm migrations/052_session.sql
mkdir -p later/20240101000000_a later/20240102000000_b
echo 'create table later_a (i int);' >later/20240101000000_a/migration.sql
sed -i '/^\[databases.pooled\]/,/^migrations/ s|^migrations.*|migrations = ["migrations", { path = "later", format = "prisma" }]|' caisson.toml
printf '[migrations]\nlock_retries = 1\n' >>caisson.toml
# The session of a Prisma that runs at the same time, at the server itself.
holds_lock() {
  coproc prisma { PGPASSWORD=$POOLED_PASSWORD psql -h "$socket" -p "$server_port" -U postgres -d pooled -XAtq 2>&1; }
  echo 'select pg_advisory_lock(72707369) is not null;' >&"${prisma[1]}"
  read -r -u "${prisma[0]}" held
  [ "$held" = t ] || die "Prisma has its lock"
}
gives_lock_back() { local process=$prisma_PID; echo '\q' >&"${prisma[1]}"; wait "$process"; }
holds_lock
run in_pool migrate
exits 8
says "the lock of Prisma is held by another run"
gives_lock_back
rmdir later/20240102000000_b
run in_pool migrate
exits 0
mkdir later/20240102000000_b
echo 'create table later_b (i int);' >later/20240102000000_b/migration.sql
holds_lock
run in_pool migrate
exits 8
says "the lock of Prisma is held by another run"
[ "$(ask "select to_regclass('later_b') is null")" = t ] || die "nothing was done under the other's lock"
gives_lock_back
run in_pool migrate
exits 0
[ "$(ask 'select count(*) from _prisma_migrations where finished_at is not null')" = 2 ] || die "Prisma knows of both"
[ "$(ask "select count(*) from pg_locks where locktype = 'advisory'")" = 0 ] || die "no lock is left"
