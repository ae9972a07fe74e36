# SPDX-License-Identifier: Apache-2.0
# The disk of the repository, of the data and of the log fills up: what was begun counts for nothing, what was there stays, the message
# names the full disk, and with space again the same command finishes, with every acknowledged write.
source "$(dirname "$0")/backups.bash"
rounds=${ROUNDS:-1}
[ "$(id -u)" = 0 ] || { echo "needs root, for small file systems of its own"; exit 77; }
small() {
  mkdir -p "$1"
  mount -t tmpfs -o "size=$2,mode=755" caisson-story "$1" || { echo "no mount here"; exit 77; }
  mounts+=("$1")
}
small "$machine/state" 600m
small "$machine/copies" 200m
takes_shop <<TOML

[backups.repositories.local]
path = "$machine/copies"
TOML
repository() { echo "$machine/copies/shop-local"; }
# Of which zstd makes half: some 20 MB.
superuser "create table filling as select i, (select string_agg(md5(i::text || j), '') from generate_series(1, 40) j) as text from generate_series(1, 32000) i" >/dev/null
run caisson backup create
exits 0
run caisson backup create --kind full
exits 0
ledger_begins
before=$(sets_in "$(repository)")
# Leaves so many KiB of the disk.
leave() {
  rm -f "$1/filler"
  local free
  free=$(df --output=avail -k "$1" | tail -1)
  [ "$free" -le "$2" ] || dd if=/dev/zero of="$1/filler" bs=1K count=$((free - $2)) status=none 2>/dev/null
}
names_the_disk() {
  exits 5
  grep -qiE "disk is full|No space left" "$out" "$err" || die "the message names the full disk"
}

for ((i = 0; i < rounds; ++i)); do
  say "the repository's disk"
  leave "$machine/copies" $((RANDOM % 400))
  run caisson backup create
  names_the_disk
  counts "a full disk of the repository, logical"
  # From the first moment on, or in the middle; of the former, what aborted ones have left is removed and makes room.
  leave "$machine/copies" $((i % 2 == 0 ? 17000 + RANDOM % 2500 : RANDOM % 1000))
  run caisson backup create --kind full
  names_the_disk
  counts "a full disk of the repository, physical"
  [ "$(sets_in "$(repository)")" = "$before" ] || die "no set was made, and none is gone"
  run caisson backup doctor
  exits 7
  says "room"
  rm "$machine/copies/filler"
  superuser "select pg_switch_wal()" >/dev/null
  within 70 no_segment_waits
  run caisson backup validate
  exits 0
done
run caisson backup create --kind full
exits 0

say "the data's disk, while it is restored over"
for ((i = 0; i < rounds; ++i)); do
  writes
  leave "$machine/state" $((30000 + RANDOM % 60000))
  run caisson backup restore --latest --yes
  rm "$machine/state/filler"
  if [ "$status" != 0 ]; then
    names_the_disk
    counts "a full disk of the data during a restore"
  fi
  run caisson up --until servers
  exits 0
  ledger_is_there
  leave "$machine/state" $((20000 + RANDOM % 30000))
  run caisson backup drill --small
  rm "$machine/state/filler"
  [ "$status" = 0 ] || names_the_disk
  counts "a full disk of the data during a drill"
done

say "the log's disk: the archive is away, and the server stops"
ledger_ends
run caisson down
exits 0
small "$machine/log" 100m
cp -a "$(state)/postgres/data/pg_wal/." "$machine/log/"
chown --reference="$(state)/postgres/data" "$machine/log"
chmod 700 "$machine/log"
rm -r "$(state)/postgres/data/pg_wal"
ln -s "$machine/log" "$(state)/postgres/data/pg_wal"
run caisson up --until servers
exits 0
mv "$(repository)" "$machine/copies/away"
n=2000000
while [ "$(superuser "insert into oracle.ledger values ($n) returning n")" = "$n" ]; do
  echo "$n $(date +%s%N)" >>"$ledger"
  n=$((n + 1))
  superuser "insert into filling select i, repeat(md5(random()::text), 60) from generate_series(1, 4000) i" >/dev/null
  [ $n -lt 2000200 ] || die "the log's disk fills up"
done
counts "a full disk of the log"
run caisson up --until servers
[ "$status" = 0 ] || [ "$status" = 5 ] || die "the server cannot go on, found $status"
run caisson backup doctor
exits 7
says "is not there"

say "with space and the archive again it goes on where it was"
mount -o remount,size=400m "$machine/log"
mv "$machine/copies/away" "$(repository)"
run caisson up --until servers
exits 0
ledger_is_there
superuser "select pg_switch_wal()" >/dev/null
within 70 no_segment_waits
run caisson backup doctor
does_not_say "missing"
run caisson backup create --kind incremental
exits 0
run caisson backup restore --latest --yes
exits 0
ledger_is_there
run caisson backup validate
exits 0
story_ends
