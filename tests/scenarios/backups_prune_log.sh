# SPDX-License-Identifier: Apache-2.0
# The archived log does not grow for ever: prune removes what no kept set needs, and every kept set still leads where it led.
source "$(dirname "$0")/story.bash"
command -v pgbackrest >/dev/null || { echo "pgbackrest is missing: script/setup installs it" >&2; exit 1; }
takes_platform boardofone
cat >>caisson.toml <<'TOML'

[backups.tiers.short]
repository = "local"
keep = "2"
TOML
run caisson up --until seed
exits 0
superuser() { PGPASSFILE=$(state)/secrets/pgpass psql -h "$(state)/run" -U postgres -d boardofone -XAtqc "$1" 2>&1; }
segments() { find "$machine"/state/backups/*/local/pgbackrest/archive -name '*.zst' | wc -l; }
newest() { caisson backup list --json | grep -oE '"set":"[^"]+"' | tail -1 | cut -d'"' -f4; }
superuser "create table public.ledger (n int)" >/dev/null
sets=()
for n in 1 2 3 4; do
  kind=full
  [ "$n" = 2 ] && kind=incremental
  run caisson backup create --kind $kind
  exits 0
  sets+=("$(grep -oE '[0-9TZ]+-(full|incremental)-[0-9a-f]+' "$out" | head -1)")
  superuser "insert into public.ledger values ($n)" >/dev/null
  for _ in 1 2 3; do
    superuser "select pg_logical_emit_message(false, 'fill', 'x')" >/dev/null
    segment=$(superuser "select pg_walfile_name(pg_switch_wal())")
    within 30 sh -c "find '$machine'/state/backups/*/local/pgbackrest/archive -name '$segment-*' | grep -q ."
  done
done
run caisson backup hold "${sets[0]}" --reason "the audit asks for it"
exits 0

say "a dry run says which part of the log goes"
before=$(segments)
run caisson backup prune --dry-run
exits 0
says "- log 0000000"
says "would go"
[ "$(segments)" = "$before" ] || die "a dry run removes nothing"

say "killed in its midst, the next one finishes it"
run env CAISSON_FAULT=log-segment-removed:2 caisson backup prune --yes
exits 137
[ "$(segments)" -lt "$before" ] || die "it had begun"
run caisson backup prune --yes
exits 0
says "of the log removed"
[ "$(segments)" -lt $((before - 2)) ] || die "it went on: $before, $(segments)"
run caisson backup prune --dry-run
exits 0
says "nothing goes"
run caisson journal show --kind backup
says "backup prune log"

say "no gap is told, every kept set is whole and restores to its moment"
run caisson backup validate
exits 0
run caisson backup doctor
does_not_say "is missing"
for kept in "${sets[0]}" "${sets[2]}" "${sets[3]}"; do
  run caisson backup list
  says "$kept"
done
run caisson backup restore "${sets[0]}" --yes
exits 0
[ "$(superuser 'select count(*) from public.ledger')" = 0 ] || die "as it was at the first set"
run caisson backup restore "${sets[3]}" --yes
exits 0
[ "$(superuser 'select count(*) from public.ledger')" = 3 ] || die "as it was at the last set"
