# SPDX-License-Identifier: Apache-2.0
# The disk fills up under the state directory: the message says so, and with space again the next run finishes.
source "$(dirname "$0")/story.bash"
[ "$(id -u)" = 0 ] || { echo "needs root, for a small file system of its own"; exit 77; }
takes_platform lumina
mkdir -p "$machine/state"
failed=0
for size in 1m 20m 36m 38m 40m 42m 44m; do
  say "a disk of $size"
  mount -t tmpfs -o "size=$size,mode=755" caisson-story "$machine/state" || { echo "no mount here"; exit 77; }
  mounts=("$machine/state")
  run caisson up
  if [ "$status" != 0 ]; then
    exits 5
    grep -qiE "disk is full|No space left|could not (write|extend)" "$out" "$err" || die "the message names the full disk"
    tail -4 "$err"
    failed=$((failed + 1))
  fi
  say "space is made, and the same command finishes"
  mount -o remount,size=1g "$machine/state"
  lumina_is_whole
  run caisson down --wipe --yes
  exits 0
  umount "$machine/state"
  mounts=()
done
[ "$failed" -ge 4 ] || die "several of these disks are too small"
