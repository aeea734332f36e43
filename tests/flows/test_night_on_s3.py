"""A night whose lake is a bucket, worked on by processes that share nothing else: same bytes, no key in any text."""

import json
from pathlib import Path

import pytest

from contracts.artifacts import ArtifactStore
from contracts.manifests import MANIFEST_NAME
from tests.flows.conftest import AS_OF, escore, roll_back, succeed
from tests.object_store import KEYS, object_store

BUCKET = "noite"


@pytest.fixture(scope="module")
def bucket(night):
    """A bucket with the models of the night's lake."""
    with object_store() as service:
        root = service.lake(BUCKET)
        lake = Path(night.settings.lake_root)
        for file in (lake / "models").rglob("*"):
            if file.is_file():
                key = f"lago/{file.relative_to(lake)}"
                service.client().put_object(Bucket=BUCKET, Key=key, Body=file.read_bytes())
        yield service, root


@pytest.mark.parametrize("dask", [pytest.param("local", marks=pytest.mark.long), None])
def test_a_night_on_s3_publishes_the_same_bytes(night, bucket, dask):
    service, root = bucket
    changes = {"SCORE_LAKE": root} | ({"SCORE_DASK": dask} if dask else {})
    done = succeed(escore(night.settings, "run", "--as-of", str(AS_OF), "--json", **changes))
    run = json.loads(done.stdout)
    assert run["impressao"] == night.run["impressao"]
    assert run["clientes"] == night.run["clientes"]

    lake = ArtifactStore(root)
    written = lake.list(f"scores/{run['execucao_id']}")
    assert len(written) >= 2
    for name in written:
        lake.verify(f"scores/{run['execucao_id']}/{name}")
        lake.verify(f"snapshots/{run['execucao_id']}/{name}")

    secret = KEYS["AWS_SECRET_ACCESS_KEY"]
    manifests = [key for key in service.keys(BUCKET) if key.endswith(MANIFEST_NAME)]
    bodies = [service.client().get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() for key in manifests]
    for text in (done.stdout, done.stderr, Path(run["relatorio"]).read_text(encoding="utf-8"), *bodies):
        assert secret not in text
        assert KEYS["AWS_ACCESS_KEY_ID"] not in text
    roll_back(night.settings)
