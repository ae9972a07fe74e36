# SPDX-License-Identifier: Apache-2.0
# Projects that were there already: `caisson init --from` writes a manifest, and `caisson up` runs them a minute later
# (GRC-2, GRC-7, GRC-8).
source "$(dirname "$0")/story.bash"

# PROJECT: writes the manifest, brings it up on private servers, and asks for a table.
comes_up() {
  cd "$machine/$1" || exit 99
  run caisson init --from .
  exits 0
  says "$2"
  run caisson up --until verify
  exits 0
  run caisson migrate status
  exits 0
  run caisson up --until verify
  exits 0
  [ "$(sql "select to_regclass('$3') is not null")" = t ] || die "$3 is there"
  run caisson migrate lint
  [ "$status" -eq 0 ] || [ "$status" -eq 7 ] || die "lint reads every file"
  run caisson down --wipe --yes
  exits 0
}
state() { echo "$machine"/state/*-local-*; }

say "a web shop of dbmate: its own history table, a secret in .env, an extension, roles that nobody makes"
mkdir -p "$machine/web-shop/db/migrations" "$machine/web-shop/node_modules/x/migrations" && cd "$machine/web-shop"
printf 'DATABASE_URL="postgres://shop:s3cret-of-theirs@localhost:5432/shop_dev?sslmode=disable"\nAPI_KEY=abc\nPORT=3000\n' >.env
cat >db/migrations/20240101120000_create_users.sql <<'SQL'
-- migrate:up
CREATE EXTENSION IF NOT EXISTS pgcrypto;
CREATE TABLE users (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text NOT NULL);
ALTER TABLE users OWNER TO shop_owner;
GRANT SELECT ON users TO reporting;

-- migrate:down
DROP TABLE users;
SQL
printf -- '-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY users_email ON users (email);\n\n-- migrate:down\nDROP INDEX users_email;\n' \
  >db/migrations/20240102120000_index.sql
echo 'select nonsense' >node_modules/x/migrations/001_other.sql
comes_up web-shop "dbmate" public.users
grep -q s3cret-of-theirs caisson.toml && die "the secret stays in .env"

say "goose with functions between StatementBegin and StatementEnd, several folders deep"
mkdir -p "$machine/ledger/internal/store/migrations" && cd "$machine/ledger"
cat >internal/store/migrations/00001_accounts.sql <<'SQL'
-- +goose Up
CREATE TABLE accounts (id bigserial PRIMARY KEY, balance numeric NOT NULL DEFAULT 0);
-- +goose StatementBegin
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.balance := coalesce(NEW.balance, 0); RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER accounts_touch BEFORE INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION touch();
-- +goose Down
DROP TABLE accounts;
DROP FUNCTION touch();
SQL
comes_up ledger "goose" public.accounts

say "a dump of pg_dump as the first version: COPY data, an emptied search_path, \\restrict"
mkdir -p "$machine/archive/migrations" && cd "$machine/archive"
cat >migrations/001_baseline.sql <<'SQL'
--
-- PostgreSQL database dump
--
\restrict Xy12abc
SET statement_timeout = 0;
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.books (id integer NOT NULL, title text);
COPY public.books (id, title) FROM stdin;
1	Moby; Dick
2	\N
\.
ALTER TABLE ONLY public.books ADD CONSTRAINT books_pkey PRIMARY KEY (id);
\unrestrict Xy12abc
SQL
echo 'create index books_title on books (title);' >migrations/002_index.sql
comes_up archive "plain" public.books

say "Flyway beside Prisma: two sources in one database, each with its own history"
mkdir -p "$machine/bank/sql/migrations" "$machine/bank/prisma/migrations/20240101000000_init" && cd "$machine/bank"
printf 'provider = "postgresql"\n' >prisma/migrations/migration_lock.toml
echo 'CREATE TABLE "Account" ("id" SERIAL NOT NULL, CONSTRAINT "Account_pkey" PRIMARY KEY ("id"));' \
  >prisma/migrations/20240101000000_init/migration.sql
echo 'create table ledger (id int primary key);' >sql/migrations/V1__ledger.sql
echo 'create table entries (id int references ledger);' >sql/migrations/V1.1__entries.sql
echo 'create or replace view all_entries as select id from entries;' >sql/migrations/R__views.sql
comes_up bank "Flyway" public.entries

say "a folder without migrations is refused with what was looked for"
mkdir "$machine/empty" && cd "$machine/empty"
run caisson init --from .
exits 2
says "no migrations were found"
