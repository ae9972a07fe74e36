# SPDX-License-Identifier: Apache-2.0
# A project of sqitch's: plan, dependencies, tags, a reworked change, and its registry, which Caisson writes as sqitch does.
source "$(dirname "$0")/other_tools.bash"
command -v sqitch >/dev/null || { echo "sqitch is not installed"; exit 77; }
somewhere_a_database
platform_of sqitch db
cd db || exit 99
export SQITCH_FULLNAME='Ada Lovelace' SQITCH_EMAIL=ada@example.com PGUSER=deployer PGPASSWORD=deploys
target="db:pg://deployer:deploys@127.0.0.1:$port/shop_db"
export LC_ALL=C
run sqitch init shop --engine pg --uri https://example.com/shop
exits 0
change() {
  run sqitch add "$1" -n "$2" "${@:5}"
  exits 0
  printf -- '-- Deploy %s\nbegin;\n%s\ncommit;\n' "$1" "$3" >"deploy/$1.sql"
  printf -- '-- Revert %s\nbegin;\n%s\ncommit;\n' "$1" "$4" >"revert/$1.sql"
}
theirs() { run sqitch "$@"; }
ours() { (cd .. && caisson -e staging "$@") >"$out" 2>"$err" </dev/null; status=$?; }

say "sqitch has deployed two of four changes"
change users 'who uses it' 'create table users (id int primary key);' 'drop table users;'
change orders 'what they order' 'create table orders (id int primary key references users);' 'drop table orders;' --requires users
theirs deploy "$target"
exits 0
theirs tag v1 -n 'first release'
exits 0
change email 'an address; with "quotes"' 'alter table users add email text;' 'alter table users drop email;' --requires users
change notes 'notes' 'create table notes (id int);' 'drop table notes;' --requires orders@v1
theirs tag v2 -n 'second release'
exits 0

say "Caisson takes over, deploys the rest, and sqitch has nothing left"
ours migrate adopt --yes
exits 0
says "2 to take over"
ours migrate
exits 0
theirs status "$target"
exits 0
says "Nothing to deploy (up-to-date)"
theirs deploy "$target"
says "Nothing to deploy"

say "sqitch reverts and deploys; Caisson sees it"
theirs revert -y --to orders "$target"
exits 0
ours migrate status
exits 7
says "notes is not applied"
theirs deploy --to email "$target"
exits 0
ours migrate
exits 0
ours migrate down 1
exits 0
theirs status "$target"
says "notes"
theirs deploy "$target"
exits 0
ours migrate
exits 0
says "4 applied"

registry='select string_agg(t::text, chr(10) order by t::text) from (
  select change_id, script_hash, change, project, note, planned_at, planner_name, planner_email from sqitch.changes) t
union all select string_agg(t::text, chr(10) order by t::text) from (
  select tag_id, tag, project, change_id, note, planned_at, planner_name, planner_email from sqitch.tags) t
union all select string_agg(t::text, chr(10) order by t::text) from sqitch.dependencies t
union all select string_agg(t::text, chr(10) order by t::text) from (
  select distinct event, change_id, change, project, note, requires, conflicts, tags, planned_at, planner_name, planner_email
    from sqitch.events) t
union all select string_agg(t::text, chr(10)) from (select project, uri from sqitch.projects) t'
say "what Caisson alone writes is what sqitch alone writes"
fresh_database
theirs deploy "$target"
exits 0
by_sqitch=$(rows_of "$registry")
table=$(definition_of -n sqitch shop_db | grep -v '^COMMENT ON')
as_superuser postgres "drop database shop_db"
ours provision
exits 0
ours migrate
exits 0
same "the registry" "$by_sqitch" "$(rows_of "$registry")"
same "its tables" "$table" "$(definition_of -n sqitch shop_db | grep -v '^COMMENT ON')"
