"""Artifacts: whole or absent, and damage is named before use."""

import hashlib
import json

import pyarrow as pa
import pytest

from contracts.artifacts import ArtifactStore
from contracts.canonical_json import canonical_json
from contracts.errors import DataIntegrityError
from contracts.manifests import MANIFEST_NAME

TABLE = pa.table({"a": [1, 2, 3]})


@pytest.fixture
def store(tmp_path):
    store = ArtifactStore(tmp_path)
    store.write("x/faixa-00000", {"t.parquet": TABLE, "j.json": {"b": 1}}, meta={"n": 3})
    return store


def test_reads_back_what_was_written(store):
    assert store.read_table("x/faixa-00000", "t.parquet").equals(TABLE)
    assert store.read_json("x/faixa-00000", "j.json") == {"b": 1}
    assert store.verify("x/faixa-00000").meta == {"n": 3}
    assert store.list("x") == ("faixa-00000",)


def test_texts_may_stay_coded_and_a_manifest_be_read_once(store):
    texts = pa.table({"t": ["b", "a", None, "b"], "n": [1, 2, 3, 4]})
    manifest = store.write("y", {"t.parquet": texts}, meta={})
    coded = store.read_table("y", "t.parquet", ["t"], coded=["t"], manifest=manifest)
    assert coded.schema == pa.schema([("t", pa.dictionary(pa.int32(), pa.string()))])
    assert coded["t"].to_pylist() == texts["t"].to_pylist()
    with pytest.raises(DataIntegrityError, match="not in the lake"):
        store.read_table("y", "other.parquet", manifest=manifest)


def test_equal_content_has_equal_digest(store):
    again = store.write("y", {"t.parquet": TABLE, "j.json": {"b": 1}}, meta={"other": True})
    assert again.digest == store.read_manifest("x/faixa-00000").digest


@pytest.mark.parametrize("damage", ["flip", "truncate", "remove"])
def test_damage_is_found_and_named(store, tmp_path, damage):
    file = tmp_path / "x/faixa-00000/t.parquet"
    data = bytearray(file.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
    elif damage == "truncate":
        file.write_bytes(data[:-1])
    else:
        file.unlink()
    for read in (lambda: store.verify("x/faixa-00000"), lambda: store.read_table("x/faixa-00000", "t.parquet")):
        with pytest.raises(DataIntegrityError, match=r"t\.parquet"):
            read()


def test_without_manifest_there_is_no_artifact(store, tmp_path):
    (tmp_path / "x/faixa-00000" / MANIFEST_NAME).unlink()
    assert store.read_manifest("x/faixa-00000") is None
    with pytest.raises(DataIntegrityError, match="not in the lake"):
        store.read_table("x/faixa-00000", "t.parquet")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"formato": 2}', '{"formato": 1, "arquivos": [], "meta": {}}']
)
def test_a_rotten_manifest_is_a_clear_error(store, tmp_path, text):
    (tmp_path / "x/faixa-00000" / MANIFEST_NAME).write_text(text)
    with pytest.raises(DataIntegrityError, match="not a manifest"):
        store.read_manifest("x/faixa-00000")


def test_paths_do_not_climb_out(store):
    with pytest.raises(DataIntegrityError, match="climb"):
        store.delete("../elsewhere")


def test_no_altered_bit_of_a_manifest_is_taken_for_what_was_written(store, tmp_path):
    """Its counts end up in reports and in the ledger: they are trusted by checksum, like files."""
    file = tmp_path / "x/faixa-00000" / MANIFEST_NAME
    whole = file.read_bytes()
    for place in range(len(whole)):
        for bit in range(8):
            data = bytearray(whole)
            data[place] ^= 1 << bit
            file.write_bytes(data)
            with pytest.raises(DataIntegrityError, match=MANIFEST_NAME):
                store.read_manifest("x/faixa-00000")


def test_the_seal_can_be_checked_by_hand(store, tmp_path):
    """As docs/reference/lake.md does it."""
    text = (tmp_path / "x/faixa-00000" / MANIFEST_NAME).read_text()
    seal = json.loads(text)["selo"]
    assert hashlib.sha256(text.replace(f'"selo": "{seal}"', f'"selo": "{"0" * 64}"').encode()).hexdigest() == seal


def test_a_truncated_manifest_is_damage(store, tmp_path):
    file = tmp_path / "x/faixa-00000" / MANIFEST_NAME
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(DataIntegrityError, match=MANIFEST_NAME):
            store.read_manifest("x/faixa-00000")


def test_a_manifest_of_before_the_seal_is_read(store, tmp_path):
    file = tmp_path / "x/faixa-00000" / MANIFEST_NAME
    body = json.loads(file.read_bytes())
    del body["selo"]
    file.write_bytes(canonical_json({**body, "formato": 1}))
    assert store.verify("x/faixa-00000").meta == {"n": 3}


def test_what_a_killed_writer_left_is_dropped_and_nothing_else(store, tmp_path):
    left = tmp_path / "x/faixa-00000" / "t.parquet.0123.tmp"
    left.write_bytes(b"half")
    assert store.drop_unfinished("x") == 1
    assert not left.exists()
    assert store.verify("x/faixa-00000").meta == {"n": 3}
    assert store.drop_unfinished("nowhere") == 0
