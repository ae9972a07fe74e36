# SPDX-License-Identifier: Apache-2.0
# Two daemons, on two machines as it were, watch one database: one collects, the other waits; when the one is killed the
# other takes over, with a gap and nothing counted twice. ROUNDS=20 does it so often.
source "$(dirname "$0")/monitor.bash"
rounds=${ROUNDS:-1}

say "a server somewhere: here a private one of another platform"
caisson init "$machine/house" >/dev/null
cd "$machine/house" || exit 99
port=$(free_port)
sed -i -E "s/^port = 4000/port = 0/; s/^max_connections = 100/max_connections = 100\nport = $port/" caisson.toml
run caisson up --until servers
exits 0
house=$(echo "$machine"/state/house-local-*)
password=$(sed -nE 's/^127\.0\.0\.1:[^:]*:[^:]*:postgres:(.*)$/\1/p' "$house/secrets/pgpass")
export DATABASE_PASSWORD=$password

takes_watched <<TOML
[server]
redis = false
[environments.shared]
host = "127.0.0.1"
port = $port
user = "postgres"
password = "\${DATABASE_PASSWORD}"
tls = "verify-full"
tls_root = "$house/postgres/server.crt"
[alerts.rules.server_up]
for = "1s"
[variables.DATABASE_PASSWORD]
secret = true
description = "the administrator's"
TOML
which=first
state() { echo "$machine/state-$which"/watched-shared-*; }
of() { which=$1; export CAISSON_STATE="$machine/state-$1"; }
starts() {
  of "$1"
  rm -f "$(state)/daemon.json"
  caisson -e shared serve --port 0 >"$machine/serve-$1" 2>&1 </dev/null &
  process[$1]=$!
  within 20 test -s "$(state)/daemon.json"
  # It may have become another process.
  process[$1]=$(daemon_process)
}
declare -A process=()
kills() { kill -9 "${process[$1]}"; wait "${process[$1]}" 2>/dev/null; }
trap 'for each in "${process[@]}"; do kill -9 "$each" 2>/dev/null; done; cleanup' EXIT
collects() { of "$1"; scraped '^pg_up 1'; }
says_it_waits() { grep -qs "another daemon collects on this server" "$machine/serve-$1" "$(state)/daemon.log"; }
waits() { of "$1"; says_it_waits "$1" && ! scraped '^pg_up'; }
sampled() { caisson -e shared monitor history server.up --since 1h --csv "$machine/points.csv" >/dev/null 2>&1; grep -c . "$machine/points.csv"; }

of first
run caisson -e shared up --until seed
exits 0
cp -a "$machine/state-first" "$machine/state-second"
say "of two that run one collects"
starts first
within 20 collects first
starts second
within 20 waits second
of second
[ ! -s "$(state)/monitor/history.sqlite" ] || [ "$(sampled)" -le 1 ] || die "who waits keeps nothing"

collecting=first waiting=second
for ((i = 0; i < rounds; ++i)); do
  say "$collecting is killed, and $waiting takes over"
  kills "$collecting"
  began=$SECONDS
  within 20 collects "$waiting"
  echo "$((SECONDS - began)) s"
  starts "$collecting"
  within 20 waits "$collecting"
  sleep 2
  within 30 collects "$waiting"
  since=$SECONDS
  kept=$(sampled)
  goes_on() { [ "$(sampled)" -ge "$((kept + 3))" ]; }
  within 30 goes_on
  [ "$(sampled)" -le "$((kept + SECONDS - since + 3))" ] || die "a sample a second is kept, and no more"
  ! grep -qE ',-[0-9]' "$machine/points.csv" || die "nothing is negative"
  ! scrape | negative_figures || die "no figure is negative"
  [ "$(resident "${process[$waiting]}")" -lt "$most_resident_kb" ] || [ -n "${FLAGS:-}" ] || die "memory is bounded"
  each=$collecting collecting=$waiting waiting=$each
done

say "the server is killed: both tell so, one goes on, and nothing stays open with who waits"
house_process=$(head -1 "$house/postgres/data/postmaster.pid")
kill -9 "$house_process"
fires() { of "$1"; alerts_now -e shared | grep -q '"rule":"server_up"'; }
within 20 fires first
within 20 fires second
CAISSON_STATE="$machine/state" run caisson -C "$machine/house" up --until servers
exits 0
one_collects() {
  if waits first && collects second; then collecting=second waiting=first; elif waits second && collects first; then collecting=first waiting=second; else return 1; fi
}
within 30 one_collects
rests() { of "$1"; alerts_now -e shared >"$machine/alerts" && ! grep -q '"rule":"server_up"' "$machine/alerts"; }
within 20 rests "$collecting"
within 20 rests "$waiting"

say "one that is held still keeps the turn, and goes on afterwards"
kill -STOP "${process[$collecting]}"
sleep 4
within 30 waits "$waiting"
kill -CONT "${process[$collecting]}"
within 20 collects "$collecting"
of "$collecting"
gap_of_hold() { caisson -e shared monitor history databases.commits --since 1h | grep -q 'gap .*nothing was read for'; }
within 20 gap_of_hold

for each in first second; do kill "${process[$each]}" 2>/dev/null; wait "${process[$each]}" 2>/dev/null; done
