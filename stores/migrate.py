"""Brings every store's schema to the newest version; safe to run twice, and by two at once on PostgreSQL.

Enters: settings with owner URLs. Leaves: the names of the steps applied. Oracle commits every statement by
itself and has no advisory lock without extra rights: there, let one run at a time.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from contracts.settings import Settings
from contracts.tables import Store
from stores.connections import mongo_database, reaching, sql_engine
from stores.grants import grant_reading, grant_results
from stores.migrations import base_c

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK_KEY = 0x65_73_63_6F_72_65  # "escore"
_READERS = {"base_a": Store.A, "base_b": Store.B}


def migrate(settings: Settings, report: Callable[[str], None] = lambda _line: None) -> list[str]:
    """Apply every missing step to Bases A, B, C and the results; return them as `store step`.

    SettingsError if a store is not configured, StoreUnavailableError if one cannot be reached.
    """
    names = ("base_a_admin_url", "base_b_admin_url", "base_c_admin_url", "results_admin_url")
    settings.require(*names)
    applied: list[str] = []
    for chain in ("base_a", "base_b", "results"):
        applied += _announce(chain, _migrate_relational(settings, chain), report)
    return applied + _announce("base_c", _migrate_events(settings), report)


def migration_sql(chain: str, dialect: str) -> str:
    """Return a chain's whole SQL for a dialect, without connecting: for owners who run scripts themselves."""
    buffer = io.StringIO()
    config = _config(chain, buffer)
    config.attributes["dialect_name"] = dialect
    command.upgrade(config, "head", sql=True)
    return buffer.getvalue()


def newest_step(chain: str) -> str:
    """Return the name of a chain's last step."""
    newest = ScriptDirectory.from_config(_config(chain, io.StringIO())).get_current_head()
    assert newest is not None, chain
    return newest


def _migrate_relational(settings: Settings, chain: str) -> list[str]:
    url = settings.secret(f"{chain}_admin_url")
    engine = sql_engine(url, timeout=settings.store_timeout_seconds, application="escore-migrate")
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK_KEY)))
            steps = _upgrade(connection, chain)
            _grant(connection, settings, chain)
            return steps
    finally:
        engine.dispose()


def _upgrade(connection: sa.Connection, chain: str) -> list[str]:
    config = _config(chain, io.StringIO())
    before = MigrationContext.configure(connection).get_current_revision()
    script = ScriptDirectory.from_config(config)
    missing = [step.revision for step in script.iterate_revisions("head", before or "base")]
    if missing:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return missing[::-1]


def _grant(connection: sa.Connection, settings: Settings, chain: str) -> None:
    owner = sa.make_url(settings.secret(f"{chain}_admin_url")).username
    role = sa.make_url(settings.secret(f"{chain}_url")).username
    if role is None or role == owner:
        return
    if chain in _READERS:
        grant_reading(connection, _READERS[chain], role)
    else:
        grant_results(connection, role)


def _migrate_events(settings: Settings) -> list[str]:
    url = settings.secret("base_c_admin_url")
    database = mongo_database(url, timeout=settings.store_timeout_seconds)
    with database.client, reaching(url):
        return base_c.apply_steps(database)


def _config(chain: str, output: io.StringIO) -> Config:
    config = Config(output_buffer=output, stdout=output)
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("version_locations", str(MIGRATIONS / chain))
    config.set_main_option("path_separator", "newline")
    return config


def _announce(chain: str, steps: list[str], report: Callable[[str], None]) -> list[str]:
    for step in steps:
        report(f"{chain}: applied {step}")
    return [f"{chain} {step}" for step in steps]
