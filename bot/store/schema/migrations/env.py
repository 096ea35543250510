"""Read by Alembic: run the migrations on the connection that `upgrade` holds."""

from alembic import context

from bot.store.schema.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
