# SPDX-License-Identifier: Apache-2.0
# Ctrl-C at any time: exit 130, nothing keeps running half-made, and the next run finishes.
source "$(dirname "$0")/story.bash"
takes_platform lumina

for delay in 0.02 0.1 0.2 0.3 0.45 0.6 0.7 0.8 0.9 1.0 1.1 1.3; do
  say "Ctrl-C after $delay s"
  setsid --wait timeout --preserve-status -s INT "$delay" caisson up >"$out" 2>"$err"
  status=$?
  [ "$status" = 130 ] || [ "$status" = 0 ] || die "130 (or 0, when it was done already)"
  lumina_is_whole
  run caisson down --wipe --yes
  exits 0
done

say "Ctrl-C while it serves in the foreground: 130; SIGTERM, as process managers send it: 0"
for signal in INT TERM; do
  caisson up --foreground >"$out" 2>"$err" &
  foreground=$!
  within 30 grep -q "serving at" "$out"
  kill "-$signal" "$foreground"
  wait "$foreground"
  status=$?
  [ "$signal" = INT ] && exits 130 || exits 0
done
lumina_is_whole
