"""Alembic's entry: runs a chain on the connection it is given, or writes its SQL for a dialect."""

from alembic import context

connection = context.config.attributes.get("connection")
dialect_name = context.config.attributes.get("dialect_name")

if connection is not None:
    context.configure(connection=connection, transaction_per_migration=False)
else:
    # Without a primary key on the version table no RETURNING with a bound name gets into the script.
    context.configure(dialect_name=dialect_name, literal_binds=True, transactional_ddl=False, version_table_pk=False)
with context.begin_transaction():
    context.run_migrations()
