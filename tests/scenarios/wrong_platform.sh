# SPDX-License-Identifier: Apache-2.0
# Mistakes in a platform's files: each is named with its place, nothing is half-done, and the mended files finish.
source "$(dirname "$0")/story.bash"
takes_platform lumina

say "a manifest with several mistakes is one message with every one of them"
cp caisson.toml "$machine/right.toml"
cat >>caisson.toml <<'T'
[environmints.typo]
host = "x"
[databases.second]
migrations = ["no-such-folder"]
[variables.ODD]
type = "colour"
T
run caisson up
exits 3
says "environmints"
says "did you mean"
says "no-such-folder"
says "colour"
[ "$(grep -cE 'caisson\.toml:[0-9]+:[0-9]+' "$err")" -ge 4 ] || die "every mistake has line and column"
[ ! -e "$machine/state" ] || die "nothing was started"
cp "$machine/right.toml" caisson.toml

say "a migration with a syntax error in its middle"
run caisson up --until migrate
exits 0
printf 'create table fine_so_far(i int);\n\ncreate tabel broken(i int);\n\ncreate table never(i int);\n' >migrations/004_broken.sql
run caisson up
exits 6
says "004_broken.sql:3:8"
says "create tabel broken"
[ "$(sql "select to_regclass('fine_so_far') is null")" = t ] || die "the database is as it was"
rm migrations/004_broken.sql

say "a seed that breaks a foreign key"
printf 'address,source\n' >/dev/null
printf "insert into kyc_checks select * from kyc_checks limit 0;\ninsert into sanctions.wallets (address, source) values (null, 'x');\n" >seeds/reference/zz_broken.sql
run caisson up
exits 6
says "zz_broken.sql"
rm seeds/reference/zz_broken.sql
lumina_is_whole
