# SPDX-License-Identifier: Apache-2.0
# A project of dbmate's: its database is taken over, both tools work on it on the same day, each sees what the other did,
# and what Caisson writes is what dbmate would have written.
source "$(dirname "$0")/other_tools.bash"
npm_tools dbmate
somewhere_a_database
platform_of dbmate db/migrations
export DATABASE_URL="$deployer_url?sslmode=require"
dbmate() { command dbmate --no-dump-schema "$@"; }
file() { printf -- '-- migrate:up\n%s\n\n-- migrate:down\n%s\n' "$2" "$3" >"db/migrations/$1.sql"; }
pending() { dbmate status 2>&1 | sed -nE 's/^Pending: ([0-9]+)$/\1/p'; }

say "dbmate has applied two of four files"
file 20240101000000_users 'create table users (id int primary key, name text);' 'drop table users;'
file 20240102000000_orders 'create table orders (id int primary key, user_id int references users);' 'drop table orders;'
run dbmate up
exits 0
file 20240103000000_email 'alter table users add email text;' 'alter table users drop email;'
file 20240104000000_index '-- no more' 'select 1;'
printf -- '-- migrate:up transaction:false\ncreate index concurrently users_email on users (email);\n-- migrate:down transaction:false\ndrop index concurrently users_email;\n' \
  >db/migrations/20240104000000_index.sql
as_superuser shop_db "grant select on orders to shop_reader"

say "a look at it changes nothing, and without consent nothing happens"
run caisson -e staging migrate adopt --dry-run
exits 0
says "dbmate"
says "2 to take over"
[ "$(rows_of "select to_regnamespace('caisson') is null")" = t ] || die "a dry run leaves no trace"
run caisson -e staging migrate adopt
exits 4

say "Caisson takes over, and applies the rest"
run caisson -e staging migrate adopt --yes
exits 0
says "2 migrations in the history"
run caisson -e staging migrate
exits 0
says "applied 20240103000000_email"
says "applied 20240104000000_index"
same "dbmate sees everything applied" "$(pending)" 0
[ "$(psql -XAtqw "postgres://shop_reader:reads@127.0.0.1:$port/shop_db" -c 'select count(*) from orders')" = 0 ] ||
  die "who could read before still can"

say "dbmate goes on, on what Caisson has made, and Caisson sees it"
file 20240105000000_note 'alter table users add note text; create table notes (id int);' \
  'drop table notes; alter table users drop note;'
run dbmate up
exits 0
run caisson -e staging migrate status
exits 0
says "20240105000000"
run caisson -e staging migrate
exits 0
says "5 applied"

say "and Caisson changes what dbmate has made"
file 20240106000000_title 'alter table notes add title text;' 'alter table notes drop title;'
run caisson -e staging migrate
exits 0
says "applied 20240106000000_title"

say "each reverts what the other applied"
run dbmate rollback
exits 0
run caisson -e staging migrate status
exits 7
says "20240106000000_title is not applied"
run caisson -e staging migrate
exits 0
run caisson -e staging migrate down 2
exits 0
same "dbmate sees what Caisson reverted" "$(pending)" 2
run dbmate up
exits 0
run caisson -e staging migrate
exits 0
says "6 applied"

say "what Caisson wrote is what dbmate writes"
versions="select string_agg(version, ' ' order by version) from schema_migrations"
by_both=$(rows_of "$versions")
by_both_table=$(definition_of -t schema_migrations shop_db)
fresh_database
run dbmate up
exits 0
same "the rows" "$by_both" "$(rows_of "$versions")"
same "the table" "$by_both_table" "$(definition_of -t schema_migrations shop_db)"

say "a database that Caisson alone has made is one of dbmate's as well"
as_superuser postgres "drop database shop_db"
run caisson -e staging provision
exits 0
run caisson -e staging migrate
exits 0
same "the table" "$by_both_table" "$(definition_of -t schema_migrations shop_db)"
same "the rows" "$by_both" "$(rows_of "$versions")"

say "a baseline marks without running, for both"
as_superuser postgres "drop database shop_db" "create database shop_db owner deployer"
as_deployer 'create table users (id int primary key, name text); create table orders (id int primary key, user_id int references users)'
run caisson -e staging migrate baseline 20240102000000
exits 4
run caisson -e staging migrate baseline 20240102000000 --yes
exits 0
same "dbmate sees them applied" "$(pending)" 4
run caisson -e staging migrate
exits 0
same "and all of them now" "$(pending)" 0
