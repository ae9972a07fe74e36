# SPDX-License-Identifier: Apache-2.0
# A clock for single programs, never for the machine (faketime): `with_clock COMMAND` asks a file for the time, again and
# again. Sourced after story.bash; $library is libfaketime's place.
clock="$machine/clock"
echo '+0' >"$clock"
chmod 644 "$clock"
# All share one memory of the library's, which is gone with this process; without it each would make its own and leave it.
faketime -f '+0' sleep 3600 &
sharing=$!
shared() { tr '\0' '\n' <"/proc/$(pgrep -P "$sharing")/environ" | sed -n 's/^FAKETIME_SHARED=//p'; }
has_shared() { [ -n "$(shared)" ]; }
within 10 has_shared
sharing_memory=$(shared)
read -r semaphore memory <<<"$sharing_memory"
chmod 666 "/dev/shm/sem.${semaphore#/}" "/dev/shm/${memory#/}"
with_clock() {
  FAKETIME_SHARED=$sharing_memory LD_PRELOAD=$library FAKETIME_TIMESTAMP_FILE=$clock FAKETIME_CACHE_DURATION=1 DONT_FAKE_MONOTONIC=1 \
    FAKETIME_DONT_FAKE_MONOTONIC=1 "$@"
}
# Also in what runs already, once it asks again.
clock_is() {
  printf '%s\n' "$1" >"$clock.new" && mv "$clock.new" "$clock"
  sleep 1.2
}
no_clock() { [ -z "${sharing:-}" ] || end TERM "$(pgrep -P "$sharing")"; sharing=; }
trap 'no_clock; end KILL "${receiver:-}"; cleanup' EXIT
