# SPDX-License-Identifier: Apache-2.0
# The archive refuses, hangs, and claims to have what it has not: doctor, list and validate tell it, no backup counts that lacks its log,
# and what was acknowledged is there after all. A restore over the server works though its archive hangs.
source "$(dirname "$0")/backups.bash"
rounds=${ROUNDS:-1}
mood="$machine/mood"
real=$(command -v pgbackrest)
# It stands before the real one, for the server's archive_command as for Caisson.
cat >"$machine/bin/pgbackrest" <<END
#!/bin/sh
case " \$* " in
  *" archive-push "*)
    case "\$(cat "$mood" 2>/dev/null)" in
      refuses) exit 1 ;;
      hangs) while [ "\$(cat "$mood")" = hangs ]; do sleep 0.2; done; exit 1 ;;
      lies) exit 0 ;;
    esac ;;
esac
exec "$real" "\$@"
END
chmod 755 "$machine/bin/pgbackrest"
feels() { printf '%s\n' "$1" >"$mood.new" && mv "$mood.new" "$mood"; }
feels well
takes_shop <<'TOML'

[backups]
archive_timeout = "5s"
TOML
run caisson backup create --kind full
exits 0
ledger_begins
archiver() { superuser "select $1 from pg_stat_archiver"; }
segment() { superuser "select pg_walfile_name(pg_current_wal_lsn())"; }
doctor_says() {
  run caisson backup doctor
  [ "$status" = 7 ] && grep -qF -- "$1" "$out"
}
list_says() {
  run caisson backup list
  grep -qF -- "$1" "$out"
}
heals() {
  feels well
  # The archiver waits a minute after three failures, or until it is woken.
  superuser "select pg_switch_wal(), pg_reload_conf()" >/dev/null
  within 200 no_segment_waits
}

for ((i = 0; i < rounds; ++i)); do
  say "it refuses"
  feels refuses
  writes
  superuser "select pg_switch_wal()" >/dev/null
  within 20 doctor_says "is refused"
  within 20 list_says "of the log are not in it yet, the oldest commit"
  heals
  run caisson backup doctor
  does_not_say "is refused"
  counts "an archive that refuses"

  say "it hangs"
  feels hangs
  writes
  superuser "select pg_switch_wal()" >/dev/null
  within 30 doctor_says "does not come forward"
  heals
  run caisson backup doctor
  does_not_say "does not come forward"
  counts "an archive that hangs"

  say "it lies"
  # The segment that is lied about first is the one that begins here, not one that its time-out is about to end.
  superuser "select pg_switch_wal()" >/dev/null
  within 70 no_segment_waits
  feels lies
  lied=$(segment)
  writes
  superuser "select pg_switch_wal()" >/dev/null
  claims() { [[ "$(archiver last_archived_wal)" > "$lied" || "$(archiver last_archived_wal)" = "$lied" ]]; }
  within 20 claims
  within 60 doctor_says "is archived, and it is not there"
  run caisson backup list
  says "is archived, and it is not there"
  run caisson backup validate
  exits 7
  says "is archived, and it is not there"
  heals
  run caisson backup doctor
  exits 7
  says "$lied"
  run caisson backup restore --time "$(date -u +%Y-%m-%dT%H:%M:%S.%6NZ)" --dry-run
  exits 6
  says "before it"
  run caisson backup create --kind full
  exits 0
  run caisson backup doctor
  says "$lied"
  counts "an archive that lies"
done

# It waits a minute for its log: by hand only.
if [ "$rounds" -gt 2 ]; then
  say "a backup whose log is not archived is none, and says so"
  feels lies
  before=$(sets_in "$(repository)")
  run caisson backup create --kind incremental
  exits 6
  says "archived"
  [ "$(sets_in "$(repository)")" = "$before" ] || die "no set was made"
  heals
  run caisson backup create --kind full
  exits 0
fi

say "the archive hangs while the server is to be restored over: it comes back all the same, with every acknowledged write"
sleep 1
ledger_ends
moment=$(date -u +%Y-%m-%dT%H:%M:%S.%6NZ)
sleep 0.1
superuser "create table behind_it (n int)" >/dev/null
superuser "select pg_switch_wal()" >/dev/null
within 60 no_segment_waits
feels hangs
superuser "drop schema oracle cascade; select pg_switch_wal()" >/dev/null
run caisson backup restore --time "$moment" --yes
exits 0
ledger_is_there
[ "$(superuser "select to_regclass('behind_it') is null")" = t ] || die "nothing of after it is there"
counts "a restore over a server whose archive hangs"
writes
run caisson backup restore --latest --yes
exits 0
ledger_is_there
superuser "select pg_switch_wal()" >/dev/null
run caisson down
exits 0
says "held up the shutdown"
feels well
run caisson up --until servers
exits 0
does_not_say "had not been stopped in order"
ledger_is_there
story_ends
