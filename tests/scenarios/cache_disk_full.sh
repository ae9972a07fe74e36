# SPDX-License-Identifier: Apache-2.0
# The disk fills up under the outbox of the cache: a write that cannot be written down fails as a whole, and nothing is
# told of it; with space again the same write is done, and told.
source "$(dirname "$0")/story.bash"
[ "$(id -u)" = 0 ] || { echo "needs root, for a small file system of its own"; exit 77; }
cd "$machine" || exit 99
run caisson init shop
exits 0
cd shop || exit 99
cat >>caisson.toml <<'TOML'
[cache.keys."customer:{tenant}:{role}:{id}"]
ttl = "10m"
tables = ["customers(id)"]
TOML
run caisson up --until seed
exits 0
says "tables of cached values watched: customers"

say "the outbox stands on a disk of its own"
mkdir "$machine/small"
mount -t tmpfs -o "size=8m,mode=700" caisson-story "$machine/small" || { echo "no mount here"; exit 77; }
mounts=("$machine/small")
chown "$(stat -c %U "$(state)/postgres/data")" "$machine/small"
admin() { caisson db shell --role admin -- -XAtqc "$1" 2>&1; }
admin "truncate caisson.cache_outbox" >/dev/null
admin "create tablespace small location '$machine/small'" >/dev/null
admin "alter table caisson.cache_outbox set tablespace small" >/dev/null
admin "alter index caisson.cache_outbox_xid set tablespace small" >/dev/null
[ "$(admin "select count(*) from pg_class c join pg_tablespace t on t.oid = c.reltablespace where c.relname like 'cache_outbox%' and t.spcname = 'small'")" = 2 ] ||
  die "the outbox is there"
insert="insert into customers (email, country) values ('anna@example.org', (select min(code) from countries))"
sql "$insert" >/dev/null
[ "$(sql "select count(*) from caisson.cache_outbox")" = 1 ] || die "a write is written down"
admin "create table filler (t text) with (autovacuum_enabled = off) tablespace small" >/dev/null
admin "alter table filler alter t set storage plain" >/dev/null
admin "do \$\$ begin for i in 1 .. 100000 loop insert into filler values (repeat('x', 7000)); end loop; end \$\$" >"$out"
grep -q "No space left" "$out" || dd if=/dev/zero of="$machine/small/rest" bs=4k 2>/dev/null
dd if=/dev/zero of="$machine/small/rest" bs=4k 2>/dev/null
before=$(sql 'select count(*) from customers')

say "a write of many rows and statements fails as a whole"
many="begin; insert into customers (email, country) select i || '@example.org', (select min(code) from countries) from generate_series(1, 150) i; do \$\$ begin for i in 1 .. 500 loop update customers set email = email where id > 0; end loop; end \$\$; commit"
sql "$many" >"$out"
grep -q "No space left" "$out" || die "PostgreSQL names the full disk"
[ "$(sql 'select count(*) from customers')" = "$before" ] || die "nothing of it was done"
[ "$(sql "select count(*) from caisson.cache_outbox")" = 1 ] || die "and nothing was told"

say "with space again it is done"
rm "$machine/small/rest"
mount -o remount,size=64m "$machine/small"
sql "$many" >"$out"
[ "$(sql 'select count(*) from customers')" = "$((before + 150))" ] || die "all of it was done"
[ "$(sql "select count(*) from caisson.cache_outbox")" = 502 ] || die "and written down"
run caisson verify
exits 0
