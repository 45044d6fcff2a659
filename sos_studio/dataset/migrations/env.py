"""Alembic runs this on the connection that `sos_studio.dataset.upgrade` hands over."""

from alembic import context

from sos_studio.dataset.schema import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
