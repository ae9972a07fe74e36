# SPDX-License-Identifier: Apache-2.0
# Copies of backups: one set that is damaged, a disk that is away and a clock that went back keep no other copy from being made, and
# what is missing is said.
source "$(dirname "$0")/story.bash"
takes_platform kyb
local=$machine/disks/local offsite=$machine/disks/offsite
cat >>caisson.toml <<END

[backups.repositories.local]
path = "$local"
[backups.repositories.offsite]
path = "$offsite"
END
run caisson up --until seed
exits 0
sets_of() { ls "$1"/kyb-local/sets 2>/dev/null; }

say "a declared directory must be there, and nothing is made instead of it"
run caisson backup create
exits 5
says "the directory of the repository local is not there"
[ ! -e "$machine/disks" ] || die "no directory is made where a disk is to be mounted"

say "the disk of the copies is away: the set is made, and the copy that is missing is said"
mkdir -p "$local"
run caisson backup create
exits 7
says "stored in local"
says "offsite has no copy"
run caisson backup validate
exits 7
says "the repository offsite is not there"

say "a timer's job that fails is written down as the daemon would, and keeps prune from its work"
cat >>caisson.toml <<END
[backups.schedule]
logical = "* * * * *"
prune = "0 0 1 1 *"
[backups.tiers.short]
repository = "local"
keep = "30d"
END
run caisson backup schedule --run drill
exits 2
kill -9 "$(postmaster)"
down() { ! sql "select 1"; }
within 20 down
run caisson backup schedule --run logical
exits 6
run caisson backup schedule
says "✗"
run caisson backup prune --dry-run
exits 7
says "the newest attempt at a backup, logical at"

say "one that only could not copy has done its work: it is a complaint, and no failure"
run caisson up --until seed
exits 0
run caisson backup schedule --run logical
exits 7
says "offsite has no copy"
run caisson backup schedule --json
exits 7
says '"failing":false'
says '"complaint":"offsite has no copy'
says "logical succeeded, but: offsite has no copy"
run caisson backup prune --dry-run
does_not_say "the newest attempt at a backup"

say "once it is there, it gets what it lacks"
mkdir "$offsite"
run caisson backup create
exits 0
[ "$(sets_of "$offsite")" = "$(sets_of "$local")" ] || die "both have both sets"

say "a damaged set keeps no other from being copied, and neither does a newer one that is there"
first=$(sets_of "$local" | head -1)
rm -r "$offsite/kyb-local/sets/$first"
file=$(ls "$local/kyb-local/sets/$first"/*.dump.zst.sealed)
cp -p "$file" "$machine/whole"
flips "$file" 5000
run caisson backup create
exits 7
says "offsite has no copy of $first"
[ "$(sets_of "$offsite")" = "$(sets_of "$local" | grep -v "$first")" ] || die "all others were copied"
cp -p "$machine/whole" "$file"
run caisson backup create
exits 0
[ "$(sets_of "$offsite")" = "$(sets_of "$local")" ] || die "both have all sets"

say "a drill proves the copy that it reads"
run caisson backup drill --small
exits 0
says "as they were"
says "all hold: "
says "is proven by a small drill"
run caisson backup list
says " small "
says "offsite (unproven)"

say "what is left of a disk that is away is an empty directory: nothing is written there"
mv "$offsite/kyb-local" "$machine/away"
run caisson backup create
exits 7
says "offsite has no copy: the repository offsite is not there"
[ -z "$(ls "$offsite")" ] || die "nothing is made at the mount point"
run caisson backup list
exits 0
says "the repository offsite is not there"
mv "$local/kyb-local" "$machine/gone"
run caisson backup list
exits 5
does_not_say "there is no backup yet"
run caisson backup create
exits 5
says "--begin local"
run caisson backup create --begin local
exits 7
says "stored in local"

say "a set that nobody signed is a fault"
rm "$local"/kyb-local/sets/*/set.sig
run caisson backup validate
exits 7
says "its manifest is not signed"
