# SPDX-License-Identifier: Apache-2.0
# What every story needs: a machine of its own (home, state, a copy of a platform), steps that read like sentences, and
# an end that leaves nothing behind. Sourced; CAISSON is the program, PLATFORMS the folder of platforms.
set -uo pipefail
: "${CAISSON:?the program}" "${PLATFORMS:?the folder of platforms}"

machine=$(mktemp -d /tmp/caisson-story-XXXXXX)
chmod 755 "$machine"
mkdir -p "$machine/home" "$machine/bin"
ln -s "$(realpath "$CAISSON")" "$machine/bin/caisson"
export HOME="$machine/home" CAISSON_STATE="$machine/state" PATH="$machine/bin:$PATH" NO_COLOR=1 XDG_RUNTIME_DIR=
out="$machine/out" err="$machine/err" status=0
mounts=()
# Debian's psql is a program in Perl that looks for a cluster, ten times as long as the client behind it takes to ask.
client=$(find /usr/lib/postgresql/*/bin/psql | sort -V | tail -1)
psql() { "$client" "$@"; }

say() { printf '\n# %s\n' "$*"; }

die() {
  printf 'NOT SO: %s\n--- exit %s, stdout:\n' "$*" "$status"
  tail -40 "$out" 2>/dev/null
  printf -- '--- stderr:\n'
  tail -40 "$err" 2>/dev/null
  exit 1
}

# Runs a command; its output is kept for the next sentences.
run() {
  "$@" >"$out" 2>"$err" </dev/null
  status=$?
}

exits() { [ "$status" -eq "$1" ] || die "expected exit $1 of the last command, found $status"; }
says() { grep -qF -- "$1" "$out" "$err" || die "expected to read: $1"; }
does_not_say() { ! grep -qF -- "$1" "$out" "$err" || die "expected not to read: $1"; }

# A copy of a platform with a free port for its API, as the current directory.
takes_platform() {
  cp -r "$PLATFORMS/$1" "$machine/$1"
  cd "$machine/$1" || exit 99
  sed -i -E '/^\[api\]/,/^\[/ s/^(port *= *)[0-9]+/\10/' caisson.toml
}

state() { echo "$machine"/state/*-local-*; }
sql() { caisson db shell --role service -- -XAtqc "$1" 2>&1; }
postmaster() { head -1 "$(state)/postgres/data/postmaster.pid"; }
redis_process() { of_state redis-server "$(state)/redis"; }
# The process by this name that works in a directory.
of_state() {
  local pid
  for pid in $(pgrep -x "$1"); do
    [ "$(readlink "/proc/$pid/cwd")" = "$2" ] && echo "$pid" && return
  done
}
daemon_process() { sed -nE 's/.*"process": ?([0-9]+).*/\1/p' "$(state)/daemon.json"; }
address() { sed -nE 's/.*"address": ?"([^"]+)".*/\1/p' "$(state)/daemon.json"; }

# A port that nobody listens on at the moment, below those that the kernel gives to clients.
free_port() {
  local port
  while :; do
    port=$((10000 + RANDOM % 22000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
}

# Makes one byte of a file another one, whatever it was: its lowest bit, or that of the number behind.
flips() {
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1")
  printf "\\x$(printf %02x $((byte ^ 1 << ${3:-0})))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# The installed package, for stories that compile something against it; its place is in $package.
package_is_installed() {
  package="$machine/package"
  cmake --install "${BUILD:?the build directory}" --prefix "$package" >"$out" 2>&1 || die "the package installs"
}

# Runs a command as whom the private servers run as.
as_server_account() {
  if [ "$(id -u)" = 0 ]; then runuser -u caisson -- "$@"; else "$@"; fi
}

# Waits until a command succeeds, at most this many seconds and no fewer than thirty; how long it took is in $waited (ms). What
# lies between two tries counts for a second at most: a machine that stands still is no answer.
within() {
  local limit=$(($1 < 30 ? 30000 : $1 * 1000)) spent=0 start last now step
  shift
  start=$(date +%s%N)
  last=$start
  while ! "$@" >/dev/null 2>&1; do
    now=$(date +%s%N)
    step=$(((now - last) / 1000000))
    last=$now
    spent=$((spent + (step < 0 ? 0 : step > 1000 ? 1000 : step)))
    [ "$spent" -lt "$limit" ] || die "not within $((limit / 1000)) s: $*"
    sleep 0.02
  done
  waited=$((($(date +%s%N) - start) / 1000000))
}

# The whole of what Lumina should be, however rough the way there was.
lumina_is_whole() {
  run caisson up
  exits 0
  [ "$(sql 'select count(*) from kyc_checks')" = 9 ] || die "nine KYC checks"
  [ "$(sql 'select count(*), count(distinct address) from sanctions.wallets')" = "587|587" ] || die "587 wallets, each once"
  [ "$(sql 'select count(*) from caisson.migrations')" = 2 ] || die "two migrations in the history"
  run caisson verify
  exits 0
  run caisson up
  exits 0
  says "as it was"
}

# Ends a process that we started, by its id: politely, then for good.
end() {
  [ -n "$2" ] || return 0
  kill "-$1" "$2" 2>/dev/null
  for _ in $(seq 200); do kill -0 "$2" 2>/dev/null || return 0; sleep 0.05; done
  kill -9 "$2"
}

cleanup() {
  local directory pid m
  cd /
  for directory in "$machine"/state*/*/; do
    directory=${directory%/}
    [ -f "$directory/daemon.json" ] && end TERM "$(sed -nE 's/.*"process": ?([0-9]+).*/\1/p' "$directory/daemon.json")"
    [ -f "$directory/postgres/data/postmaster.pid" ] && end INT "$(head -1 "$directory/postgres/data/postmaster.pid")"
    end TERM "$(of_state redis-server "$directory/redis")"
  done
  for m in "${mounts[@]:-}"; do [ -n "$m" ] && umount "$m"; done
  rm -rf "$machine"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
