# SPDX-License-Identifier: Apache-2.0
# A shell full of variables for libpq, meant for other servers: what the manifest says still counts.
source "$(dirname "$0")/story.bash"
takes_platform lumina

say "Variables that lead elsewhere change nothing"
export PGPASSWORD=wrong PGHOSTADDR=127.0.0.9 PGSERVICE=nowhere PGOPTIONS='-c search_path=nowhere' PGDATESTYLE=German
run caisson up
exits 0
lumina_is_whole
run caisson down
exits 0
