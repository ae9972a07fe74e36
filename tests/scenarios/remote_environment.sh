# SPDX-License-Identifier: Apache-2.0
# An environment that is not private: another server, reached over TLS. No server is started for it; a database that is
# somebody else's is refused; a protected one asks for its name.
source "$(dirname "$0")/story.bash"

say "a server somewhere: here a private one of another platform, on TCP with TLS"
caisson init "$machine/house" >/dev/null
cd "$machine/house"
port=$(free_port) redis_port=$(free_port)
sed -i -E "s/^port = 4000/port = 0/; s/^max_connections = 100/max_connections = 100\nport = $port\n\n[server.redis]\nport = $redis_port/" caisson.toml
run caisson up --until servers
exits 0
house=$(echo "$machine"/state/house-local-*)

takes_platform lumina
password=$(sed -nE 's/^127\.0\.0\.1:[^:]*:[^:]*:postgres:(.*)$/\1/p' "$house/secrets/pgpass")
[ -n "$password" ] || die "the superuser's password is in the passfile"
export DATABASE_HOST=127.0.0.1 DATABASE_PORT=$port DATABASE_PASSWORD=$password DATABASE_SSLMODE=verify-full
export DATABASE_TLS_ROOT="$house/postgres/server.crt" REDIS_HOST=127.0.0.1 REDIS_PORT=$redis_port REDIS_PASSWORD
REDIS_PASSWORD=$(cat "$house/secrets/redis")

say "Lumina comes up there, and starts no servers"
run caisson -e staging up
exits 0
says "nothing is started"
says "34 of 35 hold"
says "effective_cache_size is 4GB on the server, the manifest says 1GB"
run caisson -e staging provision --settings
exits 0
run caisson -e staging up
exits 0
says "35 of 35 hold"
[ -z "$(of_state postgres "$machine"/state/lumina-staging-*/postgres/data 2>/dev/null)" ] || die "no server of its own"
run caisson -e staging up
exits 0
says "as it was"
grep -q "$password" "$out" "$err" && die "the password is printed nowhere"
run caisson -e staging status
exits 0
address=$(sed -nE 's/.*"address": ?"([^"]+)".*/\1/p' "$machine"/state/lumina-staging-*/daemon.json)
run curl -fsS "$address/health"
says '"database":"connected"'

say "what exists there belongs to staging: production refuses it"
run caisson -e production provision
exits 4
says "environment staging; expected"

say "a clone that is adopted goes on with the journal, in an epoch of its own"
run caisson -e production db adopt --confirm compliance_db
exits 0
run caisson -e production journal verify
exits 0
run caisson -e production journal show --kind epoch --json
exits 0
says '"continues":{"database":'
run caisson -e staging db adopt --yes
exits 0

say "a database with somebody's tables is refused until it is adopted"
run caisson -e staging down
PGPASSWORD=$password psql -XAtq -h 127.0.0.1 -p "$port" -U postgres -c 'drop database compliance_db' -c 'create database compliance_db' \
  -c '\c compliance_db' -c 'create table theirs(i int)' >/dev/null 2>&1
run caisson -e production up
exits 4
says "db adopt"

say "in a protected environment what destroys asks for the database's own name, and sample data stays out"
PGPASSWORD=$password psql -XAtq -h 127.0.0.1 -p "$port" -U postgres -c 'drop database compliance_db' >/dev/null 2>&1
run caisson -e production up
exits 0
run caisson -e production db drop --yes
exits 4
says "--confirm compliance_db"
[ "$(caisson -e production db shell --role service -- -XAtqc 'select count(*) from kyc_checks')" = 0 ] || die "no sample data in production"
run caisson -e production migrate down
exits 4
run caisson -e production down --wipe --yes
exits 4
run caisson -e production db drop --confirm compliance_db
exits 0

say "everybody's password is refused before anything is tried"
DATABASE_PASSWORD=postgres run caisson -e production provision
exits 4
says "DATABASE_PASSWORD"
run caisson -e production down
