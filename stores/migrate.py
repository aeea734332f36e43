"""Brings every store's schema to the newest version; safe to run twice, and by two at once on PostgreSQL.

Enters: settings with owner URLs. Leaves: the names of the steps applied. Oracle commits every statement by
itself and has no advisory lock without extra rights: there, let one run at a time.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from pymongo.errors import OperationFailure
from sqlalchemy.exc import ProgrammingError

from contracts.errors import StoreContractError, UsageError
from contracts.settings import Settings
from contracts.table_declaration import Store
from stores.connections import mongo_database, reaching, sql_engine
from stores.grants import grant_reading, grant_results
from stores.migrations import base_c

STORES = ("base_a", "base_b", "results", "base_c")
MIGRATIONS = Path(__file__).parent / "migrations"
LOCK_KEY = 0x65_73_63_6F_72_65  # "escore"
_READERS = {"base_a": Store.A, "base_b": Store.B}


def migrate(
    settings: Settings, report: Callable[[str], None] = lambda _line: None, *, stores: Sequence[str] = ()
) -> list[str]:
    """Apply every missing step to the stores named (default: all four); return them as `store step`.

    UsageError if there is no such store, SettingsError if one is not configured, StoreUnavailableError if one
    cannot be reached, StoreContractError if a step cannot be applied (no right to, a view in a table's place).
    """
    unknown = sorted(set(stores) - set(STORES))
    if unknown:
        raise UsageError(f"no such store: {', '.join(unknown)} (there are {', '.join(STORES)})")
    chosen = [name for name in STORES if not stores or name in stores]
    settings.require(*(f"{name}_admin_url" for name in chosen))
    applied: list[str] = []
    for name in chosen:
        try:
            steps = _migrate_events(settings) if name == "base_c" else _migrate_relational(settings, name)
        except (ProgrammingError, OperationFailure) as error:
            raise StoreContractError(f"{name} cannot be migrated: {_first_line(error)}") from None
        applied += _announce(name, steps, report)
    return applied


def _first_line(error: Exception) -> str:
    """Return what a server said of a statement of ours: migrations carry no person's data."""
    said = error.orig if isinstance(error, ProgrammingError) else error
    return str(said).splitlines()[0]


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
        api = settings.results_api_url
        api_role = sa.make_url(api.get_secret_value()).username if api is not None else None
        grant_results(connection, role, api_role=None if api_role in (role, owner) else api_role)


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
