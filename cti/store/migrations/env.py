"""How alembic runs here: on the connection that `cti.store.schema` gives it, in one transaction."""

from alembic import context

from cti.store.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
