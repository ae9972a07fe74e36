# SPDX-License-Identifier: Apache-2.0
# A platform of fifty migrations with several databases that should come out the same, however rough the way there was.
# Sourced after story.bash.

# fifty DATABASE…: tables and rows in transactions, files of many statements outside of one, index builds.
takes_fifty() {
  mkdir -p "$machine/fifty/migrations"
  cd "$machine/fifty" || exit 99
  {
    printf '[platform]\nname = "fifty"\n[server]\nredis = false\n'
    for database in "$@"; do printf '[databases.%s]\nname = "%s"\nmigrations = ["migrations"]\n' "$database" "$database"; done
  } >caisson.toml
  local n
  for n in $(seq -w 1 50); do
    case $((10#$n % 5)) in
      0) printf 'create index concurrently t%s_i on t01(i, n);\ninsert into marks values (%s, 1);\nvacuum t01;\ninsert into marks values (%s, 2);\n' "$n" "$n" "$n" ;;
      1) printf 'create table if not exists marks(file int, statement int);\ncreate table t%s(i int, n text);\ninsert into marks values (%s, 1);\ninsert into marks values (%s, 2);\n' "$n" "$n" "$n" ;;
      2) printf 'begin;\nalter table t01 add column c%s int;\ninsert into marks values (%s, 1);\ninsert into marks values (%s, 2);\ncommit;\n' "$n" "$n" "$n" ;;
      3) printf -- '-- caisson: no-transaction\ncreate function f%s() returns int language sql as $$select 1; select 2$$;\ninsert into marks values (%s, 1);\ninsert into marks values (%s, 2);\n' "$n" "$n" "$n" ;;
      4) printf "create type e%s as enum ('a');\nset search_path = '';\ninsert into public.marks values (%s, 1);\ninsert into public.marks values (%s, 2);\n" "$n" "$n" "$n" ;;
    esac >"migrations/0${n}_file.sql"
  done
}

# The schema of a database, the schema caisson left out. Its roles are called after it: they are DATABASE here, so that
# databases can be compared.
schema_hash() {
  local dump
  dump=$(pg_dump "$(caisson -d "$1" db url --role backup)" --schema-only --exclude-schema=caisson) || die "pg_dump of $1"
  sed -E "/^\\\\(un)?restrict /d; s/\\b$1_([a-z]+)\\b/DATABASE_\\1/g" <<<"$dump"
}

in_database() { caisson -d "$1" db shell --role service -- -XAtqc "$2" 2>&1; }

# fifty_are_whole DATABASE HASH: every statement once, a true history, no lock left.
fifty_are_whole() {
  [ "$(in_database "$1" "select count(*), count(distinct (file, statement)) from marks")" = "100|100" ] || die "each statement once"
  [ "$(in_database "$1" "select count(*) from caisson.migrations where state = 'applied' and not statement_running")" = 50 ] ||
    die "fifty migrations in the history"
  [ "$(in_database "$1" "select count(*) from pg_locks where locktype = 'advisory'")" = 0 ] || die "no lock is left"
  [ "$(in_database "$1" "select count(*) from pg_index where not indisvalid")" = 0 ] || die "no invalid index is left"
  [ "$(schema_hash "$1" | sha256sum)" = "$2" ] || die "the same schema as an undisturbed run"
  run caisson -d "$1" migrate status
  exits 0
}
