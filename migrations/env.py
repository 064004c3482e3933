"""Alembic's entry: migrates the database of the Flask app in whose context `flask db …` runs."""

from alembic import context
from flask import current_app

extension = current_app.extensions["migrate"]


def leave_out_empty_revisions(_context, _revision, directives):
    if getattr(context.config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []


def switch_foreign_keys(connection, state):
    """SQLite alters a table by making it anew, and dropping the old one would delete what refers to its rows."""
    if connection.dialect.name == "sqlite":
        connection.connection.dbapi_connection.execute(f"PRAGMA foreign_keys={state}")


with extension.db.engine.connect() as connection:
    switch_foreign_keys(connection, "OFF")
    context.configure(
        connection=connection,
        target_metadata=extension.db.metadata,
        transactional_ddl=True,  # true of SQLite too, as app/database.py begins its transactions
        user_module_prefix="",
        process_revision_directives=leave_out_empty_revisions,
        **extension.configure_args,
    )
    with context.begin_transaction():
        context.run_migrations()
        if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise RuntimeError("rows refer to what is not there; nothing was migrated")
    switch_foreign_keys(connection, "ON")
