"""The Berka data through the whole job: imported, too thin to train on, scored by a model trained elsewhere."""

import json
import shutil
from pathlib import Path

import pytest

from contracts.settings import Settings
from tests.berka_by_hand import BERKA
from tests.flows.conftest import escore, succeed
from tests.json_page import differs
from tests.store_queries import query

CLIENTS = 5_369
USERS_WITHOUT_FACTS = 869
"""DISPONENT clients: nothing about other people feeds a person's score."""

pytestmark = [
    pytest.mark.long,
    pytest.mark.shared_data,
    pytest.mark.skipif(not BERKA.is_dir(), reason=f"the Berka data is not at {BERKA}"),
]


def test_every_client_is_accounted_for(installation, night, prefect_api):
    settings = Settings(
        **{n: getattr(installation, n) for n in installation.model_fields_set} | {"prefect_api_url": prefect_api}
    )
    loaded = json.loads(succeed(escore(settings, "import", "berka", str(BERKA), "--json")).stdout)
    assert differs("import berka", loaded) == {}

    refused = escore(settings, "train", "--as-of", "1998-12-31")
    assert refused.returncode == 7
    assert "too few matured labels" in refused.stderr
    assert "1997-09-30" in refused.stderr, "the counts of each date are told"
    assert "Traceback" not in refused.stderr

    shutil.copytree(Path(night.settings.lake_root) / "models", Path(settings.lake_root) / "models")
    run = json.loads(succeed(escore(settings, "run", "--as-of", "1998-12-31", "--json")).stdout)
    clients = run["clientes"]
    assert clients == {
        "extraidos": CLIENTS,
        "pontuados": clients["pontuados"],
        "insuficientes": CLIENTS - clients["pontuados"],
        "rejeitados": 0,
    }
    assert clients["insuficientes"] >= USERS_WITHOUT_FACTS
    assert query(settings, "select count(*) from score_vigente") == [(CLIENTS,)]
