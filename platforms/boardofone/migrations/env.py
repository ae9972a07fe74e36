"""Runs the revisions with Alembic, on the database that ALEMBIC_URL names; its role must be the migrator."""
import os

from alembic import context
from sqlalchemy import create_engine

# `caisson db url --role migrator` prints such an address; its password stays in the passfile it points to.
engine = create_engine(os.environ['ALEMBIC_URL'])
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
