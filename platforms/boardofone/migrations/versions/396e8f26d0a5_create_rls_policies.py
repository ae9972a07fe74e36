"""create rls policies

Revision ID: 396e8f26d0a5
Revises: ced8f3f148bb
Create Date: 2025-11-13 09:00:00

"""
from pathlib import Path

from alembic import op

revision = '396e8f26d0a5'
down_revision = 'ced8f3f148bb'
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / 'sql'


def upgrade() -> None:
    op.execute((SQL / '396e8f26d0a5_create_rls_policies.sql').read_text())


def downgrade() -> None:
    op.execute((SQL / '396e8f26d0a5_create_rls_policies.down.sql').read_text())
