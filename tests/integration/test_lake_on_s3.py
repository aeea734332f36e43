"""The lake in a bucket: whole or absent, listed, replaced, deleted, tried again when busy, no key in any text."""

import pyarrow as pa
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from contracts.artifacts import ArtifactStore
from contracts.errors import DataIntegrityError, SettingsError, StoreUnavailableError
from contracts.manifests import MANIFEST_NAME
from contracts.settings import load_settings
from stores.check import check_stores
from tests.object_store import KEYS, object_store

TABLE = pa.table({"a": [1, 2, 3]})
FILES = {"t.parquet": TABLE, "j.json": {"b": 1}}
BUCKET = "balde"


@pytest.fixture(scope="module")
def service():
    with object_store() as store:
        yield store


@pytest.fixture(autouse=True)
def calm(service):
    service.busy, service.on_request = 0, None


@pytest.fixture
def lake(service, request):
    return ArtifactStore(service.lake(BUCKET, request.node.name.replace("[", "-").replace("]", "")))


def keys(service, lake) -> list[str]:
    prefix = lake.root.removeprefix(f"s3://{BUCKET}/") + "/"
    return [key.removeprefix(prefix) for key in service.keys(BUCKET) if key.startswith(prefix)]


def test_reads_back_what_was_written(service, lake):
    lake.write("x/faixa-00000", FILES, meta={"n": 3})
    assert lake.read_table("x/faixa-00000", "t.parquet").equals(TABLE)
    assert lake.read_json("x/faixa-00000", "j.json") == {"b": 1}
    assert lake.verify("x/faixa-00000").meta == {"n": 3}
    assert lake.list("x") == ("faixa-00000",)
    assert lake.list("nothing/here") == ()
    assert lake.read_manifest("x/faixa-00001") is None
    assert keys(service, lake) == ["x/faixa-00000/j.json", f"x/faixa-00000/{MANIFEST_NAME}", "x/faixa-00000/t.parquet"]


def test_the_bytes_are_those_of_a_local_lake(lake, tmp_path):
    local = ArtifactStore(tmp_path).write("x", FILES, meta={"n": 3})
    assert lake.write("x", FILES, meta={"n": 3}) == local


def test_the_manifest_is_written_last_and_taken_away_first(service, lake):
    lake.write("x", FILES, meta={})
    service.requests.clear()
    lake.write("x", {"t.parquet": TABLE.slice(1)}, meta={})
    changes = [line.rsplit("/", 1) for line in service.requests if line.startswith(("PUT", "DELETE"))]
    changes = [(line.split()[0], name) for line, name in changes if name]
    assert changes == [
        ("DELETE", MANIFEST_NAME),
        ("PUT", "t.parquet"),
        ("PUT", MANIFEST_NAME),
        ("DELETE", "j.json"),
    ]


def test_the_same_content_again_is_never_absent(service, lake):
    """A worker that was taken for dead may write a range after its successor has."""
    lake.write("x", FILES, meta={"seconds": 1})
    service.requests.clear()
    lake.write("x", FILES, meta={"seconds": 2})
    assert not any(line.startswith(("DELETE", "POST")) for line in service.requests)
    assert lake.verify("x").meta == {"seconds": 2}


def test_an_upload_that_is_cut_leaves_no_artifact(service, lake):
    """What stands is either the whole artifact before, or none."""

    def refuse(method: str, path: str) -> None:
        if method == "PUT" and path.endswith(MANIFEST_NAME):
            service.busy = 1_000

    service.on_request = refuse
    with pytest.raises(StoreUnavailableError):
        lake.write("x", FILES, meta={})
    service.busy, service.on_request = 0, None
    assert lake.read_manifest("x") is None
    with pytest.raises(DataIntegrityError, match="not in the lake"):
        lake.read_table("x", "t.parquet")


@pytest.mark.parametrize("damage", ["flip", "truncate", "remove"])
def test_damage_is_found_and_named(service, lake, damage):
    lake.write("x", FILES, meta={})
    key = f"{lake.root.removeprefix(f's3://{BUCKET}/')}/x/t.parquet"
    data = bytearray(service.client().get_object(Bucket=BUCKET, Key=key)["Body"].read())
    data[len(data) // 2] ^= 1
    if damage == "remove":
        service.client().delete_object(Bucket=BUCKET, Key=key)
    else:
        body = bytes(data if damage == "flip" else data[:-1])
        service.client().put_object(Bucket=BUCKET, Key=key, Body=body)
    for read in (lambda: lake.verify("x"), lambda: lake.read_table("x", "t.parquet")):
        with pytest.raises(DataIntegrityError, match=r"t\.parquet"):
            read()


def test_deletes_one_artifact_or_all_below(service, lake):
    for place in ("x/a", "x/b", "y/a"):
        lake.write(place, FILES, meta={})
    lake.delete("x/a")
    assert lake.list("x") == ("b",)
    lake.delete("x")
    lake.delete("x")
    assert lake.list("x") == ()
    assert {key.split("/")[0] for key in keys(service, lake)} == {"y"}


def test_a_listing_longer_than_a_page_is_whole(service, lake):
    """S3 lists a thousand at once."""
    prefix = lake.root.removeprefix(f"s3://{BUCKET}/")
    for number in range(1_005):
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(BUCKET, f"{prefix}/scores/{number:05d}/a", b"")
    assert len(lake.list("scores")) == 1_005
    lake.delete("scores")
    assert keys(service, lake) == []


def test_a_busy_service_is_asked_again(service, lake):
    service.busy = 2
    lake.write("x", FILES, meta={})
    service.busy = 2
    assert lake.verify("x").files


def test_a_service_that_stays_busy_is_a_store_that_does_not_answer(service, lake):
    lake.write("x", FILES, meta={})
    service.busy = 1_000
    with pytest.raises(StoreUnavailableError, match=f"lake s3://{BUCKET}/") as error:
        lake.read_manifest("x")
    assert not any(key in str(error.value) for key in KEYS.values())


def test_a_service_that_is_not_there_is_named_without_keys():
    with pytest.raises(StoreUnavailableError, match="lake s3://balde/lago") as error:
        ArtifactStore("s3://balde/lago?endpoint_override=127.0.0.1:1&scheme=http")
    assert error.value.__cause__ is None
    assert not any(key in str(error.value) for key in KEYS.values())


def test_a_bucket_that_does_not_exist_is_a_setting_to_correct(service):
    with pytest.raises(SettingsError, match="there is no bucket nenhum"):
        ArtifactStore(service.root("nenhum/lago"))


def test_no_text_of_the_lake_or_the_settings_holds_a_key(service, lake):
    settings = load_settings({"lake": service.root(f"{BUCKET}/lago")})
    for text in (repr(settings), settings.model_dump_json(), repr(lake), lake.root):
        assert not any(key in text for key in KEYS.values())


def test_check_tries_a_lake_in_a_bucket(service, lake):
    def problems(root: str) -> list[str]:
        settings = load_settings({"lake": root, "store_timeout_seconds": 20})
        return [one.message for one in check_stores(settings) if one.store == "lake"]

    assert problems(service.root(f"{BUCKET}/lago")) == []
    [message] = problems(service.root("nenhum/lago"))
    assert "nenhum" in message
    [message] = problems("s3://balde/lago?endpoint_override=127.0.0.1:1&scheme=http")
    assert message.startswith("lake s3://balde/lago: ")
