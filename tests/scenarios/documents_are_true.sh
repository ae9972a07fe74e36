# SPDX-License-Identifier: Apache-2.0
# The documents that platforms carry say what the platforms say today, and say it the same whoever writes them.
source "$(dirname "$0")/story.bash"

for platform in "$PLATFORMS"/*/; do
  platform=${platform%/}
  [ -d "$platform/docs" ] || continue
  say "$(basename "$platform"): its documents are what would be written now"
  run caisson -C "$platform" docs --check
  exits 0
done

say "another place, language, time zone and environment make no difference"
cp -r "$PLATFORMS/lumina" "$machine/elsewhere"
run env LC_ALL=C.UTF-8 TZ=Asia/Kolkata PGTZ=Asia/Kolkata PGOPTIONS='-c search_path=pg_catalog' CAISSON_STATE="$machine/state2" \
  caisson -C "$machine/elsewhere" -e production docs --output "$machine/written"
exits 0
diff -r "$PLATFORMS/lumina/docs" "$machine/written" || die "the same bytes"

say "nothing runs and nothing is left afterwards"
[ -z "$(pgrep -f "$machine/state" || true)" ] || die "nothing runs"
[ -z "$(find "$machine"/state*/shadow -maxdepth 1 -name 'run-*' 2>/dev/null)" ] || die "no shadow is left"
