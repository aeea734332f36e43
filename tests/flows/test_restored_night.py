"""Results that are restored to a moment before the last night: the runbook's order, to the same scores again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from contracts.settings import Settings
from flows.resources import open_lake
from models.registry import promote_model
from tests.flows.conftest import AS_OF, escore, succeed
from tests.model_samples import crossed_table, write_model
from tests.provisioning import Provisioner
from tests.restored_results import Restored
from tests.store_queries import query

NEXT = AS_OF + timedelta(days=1)
pytestmark = pytest.mark.long


@pytest.fixture
def house(make_installation: Callable[[str], Settings], prefect_api: str) -> Settings:
    """A small installation with a hand-made model in force and a first run."""
    made = make_installation("restaurada")
    given = {name: getattr(made, name) for name in made.model_fields_set}
    settings = Settings(**given | {"prefect_api_url": prefect_api, "range_size": 100})
    lake = open_lake(settings)
    version = write_model(lake, crossed_table())
    promote_model(lake, version, who="teste", why="teste", when=datetime.now(UTC), despite_gate=True)
    ask(settings, "populate", "--as-of", str(AS_OF), "--clients", "250", "--events", "20", "--months", "14")
    ask(settings, "run", "--as-of", str(AS_OF))
    return settings


@pytest.fixture
def restored(provisioner: Provisioner, house: Settings) -> Iterator[Restored]:
    root = sa.make_url(provisioner.root_url("results"))
    found = Restored(root, sa.make_url(house.secret("results_admin_url")))
    yield found
    found.drop()


def ask(settings: Settings, *words: str) -> Any:
    return json.loads(succeed(escore(settings, *words, "--json")).stdout)


def in_its_place(settings: Settings, restored: Restored) -> Settings:
    """Return settings that lead to the restored results, as the host's name does once the old ones have another."""
    moved = {
        name: SecretStr(
            sa.make_url(settings.secret(name)).set(database=restored.new.database).render_as_string(hide_password=False)
        )
        for name in ("results_url", "results_admin_url")
    }
    return Settings(**{name: getattr(settings, name) for name in settings.model_fields_set} | moved)


def test_the_missing_night_is_published_again_and_nobody_erased_comes_back(house: Settings, restored: Restored):
    restored.restore()
    engine = sa.make_url(house.secret("results_url")).username
    restored.ask(restored.new, f'grant connect on database "{restored.new.database}" to "{engine}"')
    [(client, cpf)] = query(house, "select cliente_id, cpf from score_vigente order by cpf offset 77 limit 1")
    ask(house, "erase", "--cliente", client)
    before = ask(house, "run", "--as-of", str(NEXT))

    after = in_its_place(house, restored)
    assert query(after, "select 1 from score where cliente_id = :id", id=client), "they hold who was erased since"
    done = restored.bring_over()
    assert done.returncode == 0, done.stderr
    assert ask(after, "run", "--as-of", str(NEXT))["impressao"] == before["impressao"]
    assert ask(after, "erase", "--cliente", client)["removidos"]["score"] >= 1
    assert query(after, "select 1 from score where cliente_id = :id or cpf = :cpf", id=client, cpf=cpf) == []
    succeed(escore(after, "check"))
