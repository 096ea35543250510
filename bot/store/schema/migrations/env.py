"""Alembic's environment script: runs the migrations on the connection that `upgrade` has opened."""

from alembic import context

from bot.store.schema.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
