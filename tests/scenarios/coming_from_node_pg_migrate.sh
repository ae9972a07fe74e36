# SPDX-License-Identifier: Apache-2.0
# A project of node-pg-migrate's, as with dbmate; here the tool has a lock, which both hold.
source "$(dirname "$0")/other_tools.bash"
npm_tools node-pg-migrate pg
somewhere_a_database
platform_of node-pg-migrate
export DATABASE_URL="$deployer_url?sslmode=no-verify"
theirs() { run node-pg-migrate "$@" -m migrations; }
file() { printf -- '-- Up Migration\n%s\n\n-- Down Migration\n%s\n' "$2" "$3" >"migrations/$1.sql"; }
lock_is_held() { [ "$(rows_of "select count(*) from pg_locks where locktype = 'advisory' and granted")" -gt 0 ]; }
names="select string_agg(name, ' ' order by run_on, id) from pgmigrations"

say "node-pg-migrate has applied one of two files"
file 1700000000000_users 'create table users (id int primary key);' 'drop table users;'
theirs up
exits 0
file 1700000100000_email 'alter table users add email text;' 'alter table users drop email;'

say "Caisson takes over, applies the rest, and node-pg-migrate has nothing left"
run caisson -e staging migrate adopt --yes
exits 0
says "1 to take over"
run caisson -e staging migrate
exits 0
says "1700000100000"
theirs up
exits 0
says "No migrations to run"
same "names in order" "$(rows_of "$names")" "1700000000000_users 1700000100000_email"

say "node-pg-migrate goes on and reverts; Caisson sees it"
file 1700000200000_note 'alter table users add note text;' 'alter table users drop note;'
theirs up
exits 0
run caisson -e staging migrate
exits 0
says "3 applied"
theirs down
exits 0
run caisson -e staging migrate status
exits 7
run caisson -e staging migrate
exits 0
run caisson -e staging migrate down 2
exits 0
same "what is left" "$(rows_of "$names")" "1700000000000_users"
theirs up
exits 0
run caisson -e staging migrate
exits 0
says "3 applied"

say "while one of them holds the lock, the other does not run"
PGPASSWORD=$password psql -XAtqw -h 127.0.0.1 -p "$port" -U postgres -d shop_db \
  -c "set application_name = 'node-pg-migrate'" -c 'select pg_advisory_lock(7241865325823964)' \
  -c 'select pg_sleep(600)' >/dev/null 2>&1 &
holder=$!
within 10 lock_is_held
file 1700000300000_last 'alter table users add last text;' 'alter table users drop last;'
run caisson -e staging migrate --wait 300ms
exits 8
says "the lock of node-pg-migrate"
end TERM "$holder"
as_superuser shop_db "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'node-pg-migrate'" >/dev/null
run caisson -e staging migrate
exits 0

say "what Caisson wrote is what node-pg-migrate writes"
by_both=$(rows_of "$names")
table=$(definition_of -t pgmigrations shop_db)
fresh_database
theirs up
exits 0
same "the rows" "$by_both" "$(rows_of "$names")"
same "the table" "$table" "$(definition_of -t pgmigrations shop_db)"
as_superuser postgres "drop database shop_db"
run caisson -e staging provision
exits 0
run caisson -e staging migrate
exits 0
same "the rows of Caisson alone" "$by_both" "$(rows_of "$names")"
same "the table of Caisson alone" "$table" "$(definition_of -t pgmigrations shop_db)"
