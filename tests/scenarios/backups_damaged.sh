# SPDX-License-Identifier: Apache-2.0
# A flipped bit, a truncated file, a missing file, at random places of the repository: of a logical set, of the copied cluster, of the
# archived log, of the manifests. Each is named by validate and by restore, and the newest moment that it leaves is offered.
source "$(dirname "$0")/backups.bash"
rounds=${ROUNDS:-3} # One of each manner.
takes_shop </dev/null

say "two logical sets, two full ones, and the log around them"
run caisson backup create
exits 0
sets=$(repository)/sets
logical_before=$(sets_in "$(repository)" | tail -1)
run caisson backup create --kind full
exits 0
full_before=$(sets_in "$(repository)" | grep full | tail -1)
ledger_begins
sleep 1
run caisson backup create --kind full
exits 0
full=$(sets_in "$(repository)" | grep full | tail -1)
sleep 1
ledger_ends
for _ in 1 2 3; do
  writes
  superuser "select pg_switch_wal()" >/dev/null
done
within 60 no_segment_waits
run caisson backup create
exits 0
logical=$(sets_in "$(repository)" | grep logical | tail -1)
run caisson backup validate
exits 0

# Damages a file in one of three ways, at random; mended() puts it back.
damage() {
  damaged=$1 manner=${2:-$((RANDOM % 3))}
  local size place
  cp -p "$damaged" "$machine/whole"
  size=$(stat -c %s "$damaged")
  place=$(((RANDOM * 32768 + RANDOM) % size))
  case $manner in
    0)
      flips "$damaged" "$place" $((RANDOM % 8))
      printf '  a bit of byte %s of %s is flipped\n' "$place" "$(basename "$damaged")"
      ;;
    1)
      truncate -s "$place" "$damaged"
      printf '  %s is cut off at %s of %s\n' "$(basename "$damaged")" "$place" "$size"
      ;;
    2)
      rm "$damaged"
      printf '  %s is missing\n' "$(basename "$damaged")"
      ;;
  esac
}
mended() { cp -p "$machine/whole" "$damaged"; }
one_of() { shuf -n 1; }
validate_names() {
  run caisson backup validate
  exits 7
  says "$1"
}

say "a file of a logical set"
for ((i = 0; i < rounds; ++i)); do
  damage "$(find "$sets/$logical" -type f -name '*.sealed' | one_of)" $((i % 3))
  validate_names "$(basename "$damaged")"
  says "the newest whole set in local is"
  if [[ $damaged == *.dump.* ]]; then
    run caisson backup restore "$logical" --into damaged
    exits 9
    says "$(basename "$damaged")"
    says "$logical_before"
  fi
  mended
  counts "a bit, the end or all of a logical set's file is gone"
done

say "the manifest of a logical set"
for ((i = 0; i < rounds; ++i)); do
  damage "$sets/$logical/set.json" $((i % 3))
  validate_names "$logical"
  run caisson backup restore "$logical" --into damaged
  [ "$status" = 9 ] || [ "$status" = 6 ] || die "an altered manifest is refused, found $status"
  says "$logical_before"
  mended
  counts "a bit, the end or all of a manifest is gone"
done

say "a file of the copied cluster"
cluster_files() { sed -E 's/^[0-9a-f]{64}  //' "$sets/$full/cluster.sha256"; }
for ((i = 0; i < rounds; ++i)); do
  damage "$(repository)/pgbackrest/$(cluster_files | one_of)" $((i % 3))
  validate_names "$(basename "$damaged")"
  run caisson backup restore "$full" --to "$machine/to"
  # The list of its files is kept twice: one of them suffices.
  if [[ $damaged == */backup.manifest* ]]; then
    exits 0
  else
    exits 9
    says "$full_before"
  fi
  rm -rf "$machine/to"
  mended
  counts "a bit, the end or all of a cluster's file is gone"
done

say "a segment of the archived log"
for ((i = 0; i < rounds; ++i)); do
  # Behind both full sets, with the log going on behind it.
  damage "$(segments_in "$(repository)" | tail -3 | head -2 | one_of)" $((i % 3))
  name=$(basename "$damaged" | cut -c 1-24)
  validate_names "$name"
  says "the newest unaffected moment is"
  if [ $manner = 2 ]; then
    run caisson backup doctor
    exits 7
    says "$name is missing"
    run caisson backup restore --latest --dry-run
    exits 0
    says "$name of local is missing"
  else
    run caisson backup restore --latest --yes
    exits 9
    says "$name"
    says "the newest unaffected moment before it is"
    ledger_is_there
  fi
  mended
  counts "a bit, the end or all of a segment is gone"
done
run caisson backup validate
exits 0

say "another passphrase: told as such, and what is archived goes on by the right one"
key=$(backups)/key
cp -p "$key" "$machine/key"
before=$(sets_in "$(repository)")
for ((i = 0; i < rounds; ++i)); do
  printf 'another key of thirty-two characters, and %s more\n' "$RANDOM" >"$key"
  run caisson backup create --kind incremental
  exits 4
  says "does not open with this passphrase"
  run caisson backup restore "$logical" --into wrong
  exits 4
  says "another key sealed it"
  writes
  superuser "select pg_switch_wal()" >/dev/null
  within 60 no_segment_waits
  counts "another passphrase"
done
[ "$(sets_in "$(repository)")" = "$before" ] || die "no set was made, and none is gone"
cp -p "$machine/key" "$key"
run caisson backup create --kind incremental
exits 0
run caisson backup restore --latest --yes
exits 0
ledger_is_there
story_ends
