# SPDX-License-Identifier: Apache-2.0
# The disk fills up in the middle of a migration: the message says so, and with space again the next run goes on.
source "$(dirname "$0")/story.bash"
source "$(dirname "$0")/fifty.bash"
[ "$(id -u)" = 0 ] || { echo "needs root, for a small file system of its own"; exit 77; }
takes_fifty calm
mkdir -p "$machine/state"
mount -t tmpfs -o "size=400m,mode=755" caisson-story "$machine/state" || { echo "no mount here"; exit 77; }
mounts=("$machine/state")
run caisson up --until migrate
exits 0
cat >migrations/051_big.sql <<'SQL'
create table big(i int, filler text);
insert into big select i, repeat(md5(i::text), 30) from generate_series(1, 300000) i;
SQL
cat >migrations/052_parts.sql <<'SQL'
-- caisson: no-transaction
create table parts(i int, filler text);
insert into parts select i, repeat(md5(i::text), 30) from generate_series(1, 1000) i;
insert into parts select i, repeat(md5(i::text), 30) from generate_series(1, 100000) i;
SQL
used=$(df --output=used -k "$machine/state" | tail -1)
mount -o remount,size=$((used + 60000))k "$machine/state"
run caisson migrate
[ "$status" = 5 ] || [ "$status" = 6 ] || die "the run fails"
grep -qiE "disk is full|No space left|could not (write|extend)" "$out" "$err" || die "the message names the full disk"
say "space is made, and the same command finishes"
mount -o remount,size=2g "$machine/state"
run caisson up --until migrate
exits 0
[ "$(in_database calm 'select count(*) from big')" = 300000 ] || die "all rows, once"
[ "$(in_database calm 'select count(*) from parts')" = 101000 ] || die "all parts, once"
