# SPDX-License-Identifier: Apache-2.0
# Two branches that each add a migration: git merges them without a word, and with caisson.sum it does not.
source "$(dirname "$0")/story.bash"
cd "$machine" && run caisson init shop
exits 0
cd shop || exit 99
git() { command git -c user.name=ada -c user.email=ada@example.org -c init.defaultBranch=main -c merge.conflictStyle=merge "$@"; }
commit() { git add -A && git commit -qm "$1"; }
# A branch from main that adds one migration, as its author would.
branch_adds() {
  git checkout -q -b "$1" main || die "branch $1"
  echo "select '$1';" >"migrations/$2"
  [ ! -f migrations/caisson.sum ] || run caisson migrate sum
  commit "$1"
}
git init -q . && commit "first"

say "without the sum the two merge, and nobody has run the one after the other"
branch_adds orders 002_orders.sql
branch_adds prices 003_prices.sql
run git merge -q --no-edit orders
exits 0
run caisson migrate script
exits 0

say "with it, git calls it a conflict"
git checkout -q main
run caisson migrate sum
exits 0
commit "sum"
branch_adds orders_again 002_orders.sql
branch_adds prices_again 003_prices.sql
run caisson migrate script
exits 0
run git merge -q --no-edit orders_again
exits 1
says "CONFLICT"
says "migrations/caisson.sum"

say "and who commits it unsettled is told where"
run caisson migrate script
exits 3
says "migrations/caisson.sum:"
says "is in the middle of a merge"

say "who takes either side is told which file it does not list"
git checkout -q --ours migrations/caisson.sum
run caisson migrate script
exits 3
says "migrations/002_orders.sql: is not in caisson.sum, and comes before 003_prices.sql"
run caisson migrate sum --check
exits 7

say "settled, it holds"
run caisson migrate sum
exits 0
commit "merged"
run caisson migrate sum --check
exits 0
run caisson migrate script
exits 0

say "an edit beside an addition is a conflict as well"
git checkout -q -b edit main
echo "-- edited" >>migrations/001_initial.sql
run caisson migrate sum
commit "edit"
run git merge -q --no-edit orders_again
exits 1
says "CONFLICT"
git merge --abort

say "the same migration on both branches is none"
git checkout -q -b same main
git checkout -q orders_again -- migrations
commit "same"
run git merge -q --no-edit orders_again
exits 0
run caisson migrate sum --check
exits 0
