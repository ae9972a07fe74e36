# SPDX-License-Identifier: Apache-2.0
# A Redis that is reached over TLS, with a certificate of a private authority: the verbs, the daemon's probe and the relay
# of changes speak to it, and to nobody whom that authority does not vouch for.
source "$(dirname "$0")/story.bash"

say "a private authority, a Redis with its certificate that speaks TLS only, and a PostgreSQL on TCP"
cd "$machine" || exit 99
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.crt 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=redis -keyout redis.key -out redis.csr 2>/dev/null
openssl x509 -req -in redis.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile <(echo subjectAltName=DNS:localhost) -out redis.crt 2>/dev/null
redis_port=$(free_port) port=$(free_port)
mkdir redis
redis() {
  redis-server --port 0 --tls-port "$redis_port" --bind 127.0.0.1 --tls-cert-file redis.crt --tls-key-file redis.key \
    --tls-ca-cert-file ca.crt --tls-auth-clients no --requirepass "quite/secret" --save "" --dir redis --maxmemory 64mb \
    --daemonize no >redis.log 2>&1 &
  redis_server=$!
}
redis
trap 'kill "$redis_server" 2>/dev/null; cleanup' EXIT
cli() { redis-cli --tls --cacert "$machine/ca.crt" -h localhost -p "$redis_port" -a quite/secret --no-auth-warning "$@"; }
within 10 cli ping

caisson init "$machine/house" >/dev/null
cd "$machine/house" || exit 99
sed -i -E "s/^port = 4000/port = 0/; s/^max_connections = 100/max_connections = 100\nport = $port/" caisson.toml
run caisson up --until servers
exits 0
password=$(sed -nE 's/^127\.0\.0\.1:[^:]*:[^:]*:postgres:(.*)$/\1/p' "$machine"/state/house-local-*/secrets/pgpass)

mkdir -p "$machine/shop/migrations"
cd "$machine/shop" || exit 99
echo 'create table things (id bigint primary key, name text);' >migrations/001_things.sql
cat >caisson.toml <<END
[platform]
name = "shop"
[databases.main]
name = "shop_db"
[databases.main.pool]
min = 2
max = "\${POOL_MAX}"
[server.redis]
maxmemory = "64mb"
[environments.away]
host = "127.0.0.1"
port = $port
user = "postgres"
password = "\${DATABASE_PASSWORD}"
[environments.away.redis]
url = "\${REDIS_URL}"
tls_root = "$machine/ca.crt"
[variables.POOL_MAX]
type = "integer"
default = 3
[variables.DATABASE_PASSWORD]
secret = true
[variables.REDIS_URL]
secret = true
[cache.keys."thing:{id}"]
ttl = "60s"
tables = ["things(id)"]
shared = true
[api]
port = 0
END
export DATABASE_PASSWORD=$password REDIS_URL=rediss://:quite%2Fsecret@localhost:$redis_port

say "the platform comes up there, and the settings of Redis are compared"
run caisson -e away up
exits 0
run caisson -e away cache triggers --yes
exits 0
run caisson -e away verify
exits 0
says "redis settings"
does_not_say "quite/secret"
daemon=$(echo "$machine"/state/shop-away-*)
address=$(sed -nE 's/.*"address": ?"([^"]+)".*/\1/p' "$daemon/daemon.json")

say "the daemon sees Redis, has the pool of the manifest, and carries changes"
health() { curl -sS "$address/health" | grep -qF "$1"; }
within 10 health '"redis":"connected"'
health '"max":3' || die "three connections at most, as the variable says"
within 10 grep -q '"event":"cache_changes".*"telling":true' "$daemon/daemon.log"

say "verbs see keys over TLS"
cli set thing:7 x >/dev/null
run caisson -e away cache audit
says "thing:{id}"

say "away and back: told, and found again"
kill -9 "$redis_server"
within 10 health '"redis":"unreachable"'
cd "$machine" && redis && cd "$machine/shop" || exit 99
within 10 health '"redis":"connected"'

say "nobody else is believed"
REDIS_URL=rediss://:quite%2Fsecret@127.0.0.1:$redis_port run caisson -e away cache audit
[ "$status" -ne 0 ] || die "the certificate is for localhost, not for an address"
says "IP address mismatch"
sed -i '/^tls_root/d' caisson.toml
run caisson -e away cache audit
[ "$status" -ne 0 ] || die "the system knows no such authority"
says "its certificate is refused"
does_not_say "quite/secret"
run caisson -e away down
cd "$machine/house" && run caisson down
