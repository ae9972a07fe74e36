# SPDX-License-Identifier: Apache-2.0
# What goes wrong with backups is told with its place and with what helps: before anything is made for it, where that can be.
source "$(dirname "$0")/backups.bash"
takes_shop <<'TOML'

[environments.copy]
server = "private"
[backups.masks]
"customers.email" = "concat('user-', id) an error"
TOML
run caisson backup create
exits 0
says "keep a copy of it on another machine"
logical=$(sets_in "$(repository)" | tail -1)
copied() { ls "$machine"/state | grep -c '^shop-copy-'; }

say "a copy whose key is not here, or of a set that is not, makes nothing"
mv "$(backups)/key" "$machine/key"
run caisson -e copy up --from local:latest
exits 4
run caisson -e copy up --from local:there-is-none
exits 6
echo "another key of thirty-two characters, at least" >"$(backups)/key"
run caisson -e copy up --from local:latest
exits 4
says "another key sealed $logical"
[ "$(copied)" = 0 ] || die "nothing was made"
mv -f "$machine/key" "$(backups)/key"

say "a mask that is no SQL is named, with the place where it is mended"
run caisson -e copy up --from local:latest --until migrate
exits 6
says "[backups.masks] of caisson.toml: the mask of customers.email cannot be applied: "
says 'syntax error at or near'
sed -i "s/ an error//; s/concat('user-', id)/null/" caisson.toml
run caisson -e copy up --from local:latest --until migrate
exits 6
says "the mask of customers.email cannot be applied: "
says "null value"
does_not_say "Failing row contains"
sed -i "s/= \"null\"/= \"concat('user-', id)\"/" caisson.toml
run caisson -e copy up --from local:latest --until migrate
exits 0
says "1 column masked"
run caisson -e copy down --wipe --yes
exits 0

say "the daemon is known by the process that it is, whatever its program is called"
ln -s caisson "$machine/bin/caisson2"
run caisson up
exits 0
run caisson2 status
says "$(daemon_process)"
run caisson2 up
exits 0
says "as it was"
run caisson2 down
exits 0
says "daemon stopped"
run caisson up --until servers
exits 0

say "physical sets say the same of a database as logical ones do"
run caisson backup create --kind incremental --dry-run
exits 0
says "would make a full backup of the server by pgBackRest: there is none that an incremental one could build on"
run caisson backup create --kind full
exits 0
before=$(sets_in "$(repository)" | grep full | tail -1)
migrated() { caisson backup show "$1" | grep 'migrated to'; }
[ "$(migrated "$logical")" = "$(migrated "$before")" ] || die "both name the migration alike"

say "a drill that meets damage names the file, and the newest moment that is left"
run caisson backup create --kind full
exits 0
full=$(sets_in "$(repository)" | grep full | tail -1)
run caisson backup create --kind incremental --dry-run
exits 0
says "would make an incremental backup"
run caisson backup create --kind incremental
exits 0
incremental=$(sets_in "$(repository)" | grep incremental | tail -1)
file=$(sed -E 's/^[0-9a-f]{64}  //' "$(repository)/sets/$full/cluster.sha256" | grep -v -e manifest -e info |
  while read -r each; do echo "$(stat -c %s "$(repository)/pgbackrest/$each") $each"; done | sort -n | tail -1 | cut -d' ' -f2)
damaged="$(repository)/pgbackrest/$file"
printf 'damage' | dd of="$damaged" bs=1 seek=$(($(stat -c %s "$damaged") / 2)) conv=notrunc status=none
run caisson backup drill "$incremental"
exits 7
says "$file has other contents"
says "the newest unaffected moment is"
says "from $before in local: caisson backup restore --time"
story_ends
