# SPDX-License-Identifier: Apache-2.0
# Two `caisson up` at the same moment: one does the work, the other waits and finds it done.
source "$(dirname "$0")/story.bash"
takes_platform lumina
caisson up >"$machine/first" 2>&1 &
first=$!
caisson up >"$machine/second" 2>&1 &
second=$!
wait "$first" || { cat "$machine/first"; die "the first succeeds"; }
wait "$second" || { cat "$machine/second"; die "the second succeeds"; }
grep -q "waiting for" "$machine/first" "$machine/second" || die "one of them says for whom it waits"
lumina_is_whole
