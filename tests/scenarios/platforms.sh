# SPDX-License-Identifier: Apache-2.0
# Each platform that comes with Caisson stands up whole from its template: served, verified, seeds twice a no-op, migrations
# proven both ways, no drift, no finding of the linter (KYB-1, KYB-3, KYB-8, GRC-1, GRC-2, GRC-5, GRC-6, BO1-1, PND-15).
source "$(dirname "$0")/story.bash"

owner() { caisson db shell --role migrator -- -XAtqc "$1" >/dev/null || die "as the owner: $1"; }
answer() { curl -s -o "$machine/body" -w '%{http_code}' "$(address)$1"; }

stands() {
  say "$1 stands up from its template"
  cd "$machine" || exit 99
  run caisson init "$1" --template "$1"
  exits 0
  cd "$machine/$1" || exit 99
  sed -i -E '/^\[api\]/,/^\[/ s/^(port *= *)[0-9]+/\10/' caisson.toml
  run caisson up
  exits 0
  says "is up after"
  run caisson verify
  exits 0
  [ "$(answer /health)" = 200 ] || die "health is 200"
  grep -q '"status": *"healthy"' "$machine/body" || die "healthy"
  [ "$(answer /v1/database/metrics)" = 200 ] || die "metrics are 200"

  say "$1: seeding again writes nothing"
  run caisson seed --json
  exits 0
  ! grep -qE '"(inserted|updated|restored)": *[1-9]' "$out" || die "a second seed wrote"

  say "$1: proven both ways, without drift, clean"
  run caisson migrate prove --strict
  exits 0
  run caisson migrate drift
  exits 0
  run caisson migrate lint
  exits 0
}

# At a hundredth of its size: what must be true still is, a second run makes nothing, and the rows go again. Some stay
# by design: what a trigger wrote about the others.
scales() {
  say "$1: synthetic rows come, hold, and go"
  run caisson seed scale --scale 0.01
  exits 0
  run caisson verify
  exits 0
  run caisson seed scale --scale 0.01 --json
  exits 0
  says '"made"'
  ! grep -qE '"made": *[1-9]' "$out" || die "a second seed scale wrote"
  run caisson seed clear --set scale --yes
  exits 0
  says "removed, 0 kept"
  ! grep -qE '[1-9][0-9]* kept' "$out" || die "rows of seed scale stayed"
  run caisson verify
  exits 0
}

leaves() {
  run caisson down --wipe --yes
  exits 0
}

stands kyb
[ "$(caisson db shell --role app -- -XAtqc 'select count(*) from migrations')" = 3 ] || die "three migrations to be read"
[ "$(caisson db shell --role app -- -XAtqc 'select count(*) from businesses')" = 0 ] || die "nobody sees a business"
scales kyb
leaves

stands grc
[ "$(answer /api/ai/health)" = 200 ] || die "the AI service's health"
[ "$(caisson -d compliance db shell --role service -- -XAtqc 'select count(*) >= 100 from controls')" = t ] || die "100 controls"
scales grc
leaves

stands boardofone
scales boardofone
leaves

stands pendscan
run caisson refresh
exits 0
says "real_time_stats"

say "pendscan: partitions come and go with the data, and are no drift"
sql "select ensure_partitions('2023-05-01', '2023-05-31')" >/dev/null
owner "drop table partitions.user_events_2023_05, partitions.user_events_2027_01"
run caisson verify
exits 0
says "3 partitions that no migration made"
says "1 partition that a migration made is gone: partitions.user_events_2027_01"
run caisson migrate drift
exits 0
says "3 partitions that no migration made"
scales pendscan
leaves

stands lumina
scales lumina
leaves
