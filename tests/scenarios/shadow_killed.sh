# SPDX-License-Identifier: Apache-2.0
# kill -9 of the shadow's own postmaster in the middle of `verify isolation`, and a disk that fills up under it: one clear
# error, no process, no directory left; the next run is whole.
source "$(dirname "$0")/story.bash"
mkdir -p "$machine/desk/migrations" && cd "$machine/desk" || exit 99
cat >caisson.toml <<'TOML'
[platform]
name = "desk"
[databases.main]
name = "desk_db"
TOML
cat >migrations/001_notes.sql <<'SQL'
create table notes (
    id uuid primary key default gen_random_uuid(), user_id uuid not null, body text not null);
create index on notes (user_id);
alter table notes enable row level security, force row level security;
create policy notes_own on notes
    using (user_id = (select nullif(current_setting('app.current_user_id', true), '')::uuid));
SQL
shadows="$machine/state/shadow"
places() { find "$shadows" -maxdepth 1 -name 'run-*' | wc -l; }
servers() {
  local pid
  for pid in $(pgrep -x 'postgres|sh'); do
    case "$(readlink "/proc/$pid/cwd")" in "$shadows"/run-*) echo "$pid" ;; esac
  done
}
victim() { head -1 "$shadows"/run-*/data/postmaster.pid; }
begins() { caisson verify isolation >"$out" 2>"$err" & verifying=$!; }
ends() { wait "$verifying"; status=$?; }
# The shadow's sockets are in its directory, and ask for no password.
works_on() {
  [ "$(psql -h "$shadows"/run-* -U postgres -d desk_db -XAtc "select count(*) from pg_stat_activity
        where state = 'active' and query like '%$1%' and pid <> pg_backend_pid()")" -ge 1 ]
}
nothing_is_left() {
  [ "$(places)" = 0 ] || die "no directory and no lock of a shadow is left: $(ls "$shadows")"
  [ -z "$(servers)" ] || die "no process of a shadow is left: $(servers)"
}
has_one_error() { [ "$(grep -c '^error: ' "$err")" = 1 ] || die "one error, found $(grep -c '^error: ' "$err")"; }

say "undisturbed, it holds"
run caisson verify isolation
exits 0
nothing_is_left

say "killed while a function is tried"
echo "create function slow() returns void language sql as 'select pg_sleep(60)';" >migrations/002_slow.sql
begins
within 60 works_on 'slow()'
kill -9 "$(victim)"
ends
exits 5
says "of the shadow ended while it was used"
has_one_error
nothing_is_left

say "killed while migrations are applied"
echo "select pg_sleep(60);" >migrations/002_slow.sql
begins
within 60 works_on 'pg_sleep(60)'
kill -9 "$(victim)"
ends
exits 5
says "of the shadow ended while it was used"
has_one_error
nothing_is_left
rm migrations/002_slow.sql

say "killed at any moment"
killed=0
for _ in 1 2 3 4 5 6; do
  begins
  within 60 victim
  process=$(victim)
  sleep "0.$((RANDOM % 10))$((RANDOM % 10))"
  kill -9 "$process" 2>/dev/null && killed=$((killed + 1))
  ends
  # It may have been done by then.
  case $status in
  0) says "tenants are kept apart" ;;
  5) has_one_error ;;
  *) die "it holds, or it says what happened" ;;
  esac
  nothing_is_left
done
[ "$killed" -ge 1 ] || die "some of them were in time"

say "and the next run is whole"
run caisson verify isolation
exits 0
nothing_is_left

[ "$(id -u)" = 0 ] || { echo "a full disk needs root, for a small file system of its own"; exit 0; }
say "a disk that is full before the shadow is copied, and one that fills up while it is used"
cat >migrations/002_fill.sql <<'SQL'
create function fill() returns bigint language sql as $$
    select count(*) from (select repeat(md5(n::text), 60) from generate_series(1, 50000) n order by 1 offset 0) sorted
$$;
SQL
template=$(du -sm "$shadows" | cut -f1)
for size in $((template + template / 2)) $((template * 2 + 45)); do
  mount -t tmpfs -o "size=${size}m,mode=755" caisson-story "$machine/state" || { echo "no mount here"; exit 0; }
  mounts=("$machine/state")
  run caisson verify isolation
  exits 5
  grep -qiE "disk is full|No space left|could not (write|extend)|full disk" "$out" "$err" || die "the message names the full disk"
  has_one_error
  nothing_is_left
  say "with room, the same command finishes"
  mount -o remount,size=1g "$machine/state"
  run caisson verify isolation
  exits 0
  nothing_is_left
  within 5 umount "$machine/state" # What the guard slept in is gone in a moment.
  mounts=()
done
