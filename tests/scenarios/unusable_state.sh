# SPDX-License-Identifier: Apache-2.0
# A state directory that cannot be written: one clear message, nothing half-made; mended, the same command finishes.
source "$(dirname "$0")/story.bash"
takes_platform lumina

if [ "$(id -u)" = 0 ]; then
  say "below a directory that only root may enter"
  mkdir -m 700 "$machine/closed"
  run env CAISSON_STATE="$machine/closed/state" caisson up
  exits 5
  says "cannot enter $machine/closed"
  run env CAISSON_STATE="$machine/closed/state" caisson doctor
  exits 7
  says "cannot enter $machine/closed"
  says "chmod o+x $machine/closed"

  say "a read-only file system"
  mkdir -p "$machine/state"
  mount -t tmpfs -o size=1g,mode=755 caisson-story "$machine/state" || { echo "no mount here"; exit 77; }
  mounts=("$machine/state")
  mount -o remount,ro "$machine/state"
  run caisson up
  exits 5
  says "Read-only file system"
  says "CAISSON_STATE"
  run caisson doctor
  exits 7
  says "state_unusable"
  mount -o remount,rw "$machine/state"
else
  say "a directory without the right to write"
  mkdir -p "$machine/state"
  chmod 555 "$machine/state"
  run caisson up
  exits 5
  says "Permission denied"
  run caisson doctor
  exits 7
  says "state_unusable"
  chmod 755 "$machine/state"
fi
lumina_is_whole
