"""initial schema

Revision ID: ced8f3f148bb
Revises:
Create Date: 2025-11-12 09:00:00

"""
from pathlib import Path

from alembic import op

revision = 'ced8f3f148bb'
down_revision = None
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / 'sql'


def upgrade() -> None:
    op.execute((SQL / 'ced8f3f148bb_initial_schema.sql').read_text())


def downgrade() -> None:
    op.execute((SQL / 'ced8f3f148bb_initial_schema.down.sql').read_text())
