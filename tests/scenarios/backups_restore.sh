# SPDX-License-Identifier: Apache-2.0
# A logical backup is made, found whole, restored beside and in place; what is damaged is named, and nothing half-made counts
# (KYB-4, PND-12).
source "$(dirname "$0")/story.bash"
takes_platform kyb
run caisson up --until seed
exits 0
repository() { echo "$machine"/state/backups/*/local; }
newest() { basename "$(ls -d "$(repository)"/sets/*-logical-* | tail -1)"; }

say "without a backup there is nothing to restore"
run caisson backup list
exits 0
says "there is no backup yet"
run caisson backup restore latest --yes
exits 6
says "there is no backup yet"

say "a backup of everything, encrypted, signed, told to the journal"
run caisson backup create
exits 0
says "keep a copy of it"
says "stored in local"
set=$(newest)
run caisson backup show latest
exits 0
says "signed"
says "kyb_db.public.businesses"
says "part         redis"
run caisson backup validate
exits 0
run caisson journal show
says "backup create"
! grep -rqa "CREATE TABLE" "$(repository)" || die "nothing readable lies in the repository"
[ -z "$(find "$(repository)" \( -type f -perm /077 -o -type d -perm /077 \) -print -quit)" ] || die "nobody else may look"

say "the other parts come back alone, each with its moment, into directories of their own"
for part in roles redis files; do
  run caisson backup restore --part $part --to "$machine/parts/$part"
  exits 0
  says "as of 20"
  says "compared with the backup"
done
grep -q "CREATE ROLE kyb_db_app" "$machine/parts/roles/roles.sql" || die "the roles"
! grep -qi "password" "$machine/parts/roles/roles.sql" || die "no passwords are in a backup"
redis-check-rdb "$machine/parts/redis/dump.rdb" >/dev/null || die "Redis loads it"
diff -r migrations "$machine/parts/files/migrations" || die "the platform's files"
run caisson backup restore --part redis --to "$machine/parts/roles"
exits 2
says "nothing is put over what is there"

say "what is lost comes back, and what came after is kept aside"
says_how_long() { grep -q "no drill has measured it" "$out"; }
run caisson backup restore latest --dry-run
says_how_long || die "it says that nobody knows how long it takes"
before=$(sql "select count(*), md5(string_agg(legal_name, ',' order by id)) from businesses")
sql "set app.current_user_id = ''; delete from api_keys" >/dev/null
sql "update businesses set legal_name = 'spoilt'" >/dev/null
run caisson backup restore latest
exits 4
run caisson backup restore latest --yes
exits 0
says "compared with the backup"
says "is kept as kyb_db_before_"
[ "$(sql "select count(*), md5(string_agg(legal_name, ',' order by id)) from businesses")" = "$before" ] ||
  die "the rows are those of the backup"
run caisson verify
exits 0
run caisson journal verify
exits 0

say "a drill proves it, on servers of its own"
run caisson backup list
says "unproven"
run caisson backup drill
exits 0
says "is proven"
says "every table is as the manifest says"
says "every heap and B-tree is sound"
says "all hold"
run caisson backup restore latest --dry-run
says "as 1 drill took"
run caisson backup list
does_not_say "unproven"

say "the same set again"
run caisson backup restore "$set" --yes
exits 0
[ "$(sql "select count(*), md5(string_agg(legal_name, ',' order by id)) from businesses")" = "$before" ] ||
  die "the rows are those of the backup"

say "nobody but the owner gets into what lies beside"
run caisson backup restore latest --into for_a_look
exits 0
! caisson db shell --role app -- -XAtq -v ON_ERROR_STOP=1 -c '\c for_a_look' >"$out" 2>&1 || die "the application is kept out"

say "beside the database, and a table alone"
run caisson backup restore latest --into look_at_it
exits 0
run caisson backup restore latest --table public.businesses --into only_businesses
exits 0

say "a set that was cut off, altered or lost in part is named, and the newest whole one too"
run caisson backup create
exits 0
newer=$(newest)
file=$(ls "$(repository)/sets/$newer"/*.dump.zst.sealed)
cp -p "$file" "$machine/whole"
flips "$file" 5000
run caisson backup validate
exits 7
says "has other contents"
says "the newest whole set in local is $set"
run caisson backup restore "$newer" --into damaged
exits 9
says "has other contents"
run caisson backup drill "$newer"
exits 7
says "is not proven"
truncate -s 4000 "$file"
run caisson backup validate "$newer"
exits 7
says "has 4000 bytes instead of"
rm "$file"
run caisson backup validate "$newer"
exits 7
says "is missing"
cp -p "$machine/whole" "$file"
sed -i 's/"platform": "kyb"/"platform": "kyc"/' "$(repository)/sets/$newer/set.json"
run caisson backup validate "$newer"
exits 7
says "altered since it was signed"
run caisson backup restore "$newer" --into altered
exits 9
rm -r "$(repository)/sets/$newer"

say "what nobody known signed is not believed"
run caisson backup create
exits 0
unsigned=$(newest)
rm "$(repository)/sets/$unsigned/set.sig"
run caisson backup restore "$unsigned" --yes
exits 4
says "is not signed"
run caisson backup drill "$unsigned"
exits 4
rm -r "$(repository)/sets/$unsigned"

say "a table that is gone is not taken for an erasure"
cat >>caisson.toml <<'TOML'
[backups.undone]
"api_keys" = "revoked_at"
"businesses" = "rows"
TOML
PGPASSFILE=$(state)/secrets/pgpass psql -h "$(state)/run" -U postgres -d kyb_db -Xqc "set session_replication_role = replica" \
  -c "delete from businesses" >"$out" 2>"$err" || die "the table is emptied"
run caisson backup restore latest --yes
exits 4
says "--without-undone"
[ "$(sql "select count(*) from businesses")" = 0 ] || die "nothing was put in place"
run caisson backup restore latest --yes --without-undone
exits 0
sql "delete from businesses where id = (select min(id::text)::uuid from businesses)" >/dev/null
gone=$(sql "select count(*) from businesses")
run caisson backup restore latest --yes
exits 0
[ "$(sql "select count(*) from businesses")" = "$gone" ] || die "what was erased stays erased"
sed -i '/^\[backups.undone\]/,$d' caisson.toml
run caisson backup restore latest --yes
exits 0

say "another key is told as such"
key=$(ls "$machine"/state/backups/*/key)
cp -p "$key" "$machine/key"
echo "another key of thirty-two characters, at least" >"$key"
run caisson backup restore latest --into wrong_key
exits 4
says "another key sealed it"
rm "$key"
run caisson backup restore latest --into no_key
exits 4
cp -p "$machine/key" "$key"

say "a server that dies in the middle leaves no set, and the next run makes one"
sql "create table public.slow as select i, repeat(md5(i::text), 40) as t from generate_series(1, 60000) i" >/dev/null
for _ in 1 2 3; do
  caisson backup create >"$out" 2>"$err" &
  backup=$!
  sleep "0.$((RANDOM % 9 + 1))"
  kill -9 "$backup" 2>/dev/null
  wait "$backup" 2>/dev/null
done
run caisson backup create
exits 0
run caisson backup validate
exits 0
[ -z "$(find "$(repository)/sets" -name '.*.part')" ] || die "what was never finished is gone"

say "it outlives the state, and comes back on new servers"
run caisson down --wipe --yes
exits 0
run caisson up --until migrate
exits 0
run caisson backup restore latest --yes
exits 0
[ "$(sql "select count(*), md5(string_agg(legal_name, ',' order by id)) from businesses")" = "$before" ] ||
  die "the rows are those of the backup"
