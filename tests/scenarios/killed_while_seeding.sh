# SPDX-License-Identifier: Apache-2.0
# kill -9 of the postmaster while seeds are applied: the run says what happened, the next one has every row once.
source "$(dirname "$0")/story.bash"
takes_platform lumina
run caisson up --until migrate
exits 0

say "a seed that takes its time, and a postmaster that dies under it"
mkdir -p seeds/reference
printf "select pg_sleep(30);\n" >seeds/reference/zz_slow.sql
caisson seed >"$out" 2>"$err" &
seeding=$!
waiting() { [ "$(sql "select count(*) from pg_stat_activity where query like '%pg_sleep(30)%' and pid <> pg_backend_pid()")" -ge 1 ]; }
within 20 waiting
kill -9 "$(postmaster)"
wait "$seeding"
status=$?
exits 5

say "nothing of the cut-off run is there, and the next one is whole"
rm seeds/reference/zz_slow.sql
lumina_is_whole
