# SPDX-License-Identifier: Apache-2.0
# A person types one command and has Lumina; a second one changes nothing; a restart keeps the data (LUM-9, LUM-12).
source "$(dirname "$0")/story.bash"
takes_platform lumina

say "one command brings Lumina up"
run caisson up
exits 0
says "servers"
says "/api/v1/health"

say "and all of it is there"
lumina_is_whole
run curl -fsS "$(address)/api/v1/health"
exits 0
says '"database":"connected"'

say "data survives a stop and a start"
sql "insert into users (email, full_name) select 'someone@example.com', 'Someone'" >/dev/null
before=$(sql 'select count(*) from users')
run caisson down
exits 0
[ -z "$(pgrep -f "$machine/state" || true)" ] || die "nothing runs after down"
run caisson up
exits 0
[ "$(sql 'select count(*) from users')" = "$before" ] || die "the data is as it was"

say "a wipe asks, and then leaves nothing"
run caisson down --wipe
exits 4
run caisson down --wipe --yes
exits 0
[ ! -e "$(state)" ] || die "the state is gone"
