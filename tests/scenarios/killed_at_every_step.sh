# SPDX-License-Identifier: Apache-2.0
# kill -9 of `caisson up` after each of its steps: the next `caisson up` finishes, and nothing is lost or doubled.
source "$(dirname "$0")/story.bash"
takes_platform lumina

points="initdb-done postgres-started redis-started step-servers database-made extensions-made provisioned
        step-provision migration-applied migration-applied:2 step-migrate seed-file-applied seed-file-applied:3 step-seed
        step-verify step-serve"
for point in $points; do
  say "killed at $point"
  CAISSON_FAULT=$point run caisson up
  exits 137
  lumina_is_whole
  run caisson down --wipe --yes
  exits 0
done
