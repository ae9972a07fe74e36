# SPDX-License-Identifier: Apache-2.0
# A project of Alembic's (BO1-1, BO1-5): its database is taken over, revisions run by the SQL that Alembic renders, both
# tools work on it on the same day, and alembic_version is as Alembic would have it.
source "$(dirname "$0")/other_tools.bash"
command -v alembic >/dev/null || { echo "alembic is not installed"; exit 77; }
somewhere_a_database
platform_of alembic alembic
export ALEMBIC_URL="postgresql+psycopg2://deployer:deploys@127.0.0.1:$port/shop_db"
mkdir -p alembic/versions alembic/sql
cat >alembic.ini <<'INI'
[alembic]
script_location = alembic
INI
cat >alembic/env.py <<'PYTHON'
import os
from alembic import context
from sqlalchemy import create_engine
url = os.environ["ALEMBIC_URL"]
if context.is_offline_mode():
    context.configure(url=url, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(url).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
PYTHON
# revision ID PARENT UP DOWN
revision() {
  cat >"alembic/versions/$1_step.py" <<PYTHON
"""step $1

Revision ID: $1
Revises: $2
Create Date: 2026-01-0${#ids[@]} 10:00:00
"""
from alembic import op
revision = "$1"
down_revision = None
def upgrade():
    op.execute("""$3""")
def downgrade():
    op.execute("""$4""")
PYTHON
  [ -z "$2" ] || sed -i "s/^down_revision = .*/down_revision = \"$2\"/" "alembic/versions/$1_step.py"
  ids+=("$1")
}
# What Alembic itself renders, beside the revision.
rendered() {
  command alembic upgrade "${2:-base}:$1" --sql >"alembic/sql/$1.sql" 2>"$err" || die "alembic renders $1: $(cat "$err")"
  command alembic downgrade "$1:${2:-base}" --sql >"alembic/sql/$1.down.sql" 2>"$err" || die "alembic renders $1"
}
head() { rows_of "select string_agg(version_num, ' ' order by version_num) from public.alembic_version"; }
ids=()

say "Alembic has applied the first of three revisions"
revision ced8f3f148bb '' 'create table users (id int primary key, name text)' 'drop table users'
run alembic upgrade head
exits 0
revision 396e8f26d0a5 ced8f3f148bb 'alter table users add email text' 'alter table users drop email'
revision 0a1b2c3d4e5f 396e8f26d0a5 'create index users_email on users (email)' 'drop index users_email'

say "Caisson takes over, and names the revision that is Python alone"
run caisson -e staging migrate adopt --yes
exits 0
run caisson -e staging migrate
says "396e8f26d0a5"
says "a program of alembic"
same "nothing was run" "$(head)" ced8f3f148bb

say "with the SQL that Alembic renders it applies the rest"
rendered ced8f3f148bb ''
rendered 396e8f26d0a5 ced8f3f148bb
rendered 0a1b2c3d4e5f 396e8f26d0a5
run caisson -e staging migrate
exits 0
same "the head" "$(head)" 0a1b2c3d4e5f
run alembic current
exits 0
says "0a1b2c3d4e5f (head)"

say "each reverts what the other applied"
run alembic downgrade -1
exits 0
same "Alembic's step back" "$(head)" 396e8f26d0a5
run caisson -e staging migrate
exits 0
same "applied again" "$(head)" 0a1b2c3d4e5f
run caisson -e staging migrate down 2
exits 0
same "reverted by us" "$(head)" ced8f3f148bb
run alembic upgrade head
exits 0
run caisson -e staging migrate
exits 0
says "3 applied"
by_both_table=$(definition_of -t alembic_version shop_db)

say "a database that Caisson alone has made is one of Alembic's as well"
as_superuser postgres "drop database shop_db"
run caisson -e staging provision
exits 0
run caisson -e staging migrate
exits 0
same "the head" "$(head)" 0a1b2c3d4e5f
same "the table" "$by_both_table" "$(definition_of -t alembic_version shop_db)"
run alembic current
exits 0
says "0a1b2c3d4e5f (head)"
