"""Dictionaries and compression go where they make a file smaller, and every value comes back."""

import uuid

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.artifacts import ArtifactStore

ROWS = 5_000
REASON = pa.struct([pa.field("codigo", pa.string(), nullable=False), pa.field("pontos", pa.int16())])


def records() -> pa.Table:
    rng = np.random.default_rng(1)
    people = [f"{n:011d}" for n in range(ROWS // 5)]
    return pa.table(
        {
            "cpf": np.repeat(people, 5).tolist(),
            "id": [str(uuid.UUID(bytes=rng.bytes(16))) for _ in range(ROWS)],
            "codigo": [f"{n:020d}" if n % 7 else None for n in range(ROWS)],
            "tipo": pa.array(rng.choice(["a", "b"], ROWS)),
            "valor_centavos": rng.integers(0, 10**9, ROWS),
        }
    )


def measures() -> pa.Table:
    rng = np.random.default_rng(2)
    reasons = [[{"codigo": f"C{n % 9}", "pontos": n % 50}] * (n % 5) for n in range(ROWS)]
    return pa.table(
        {
            "id": [str(uuid.UUID(bytes=rng.bytes(16))) for _ in range(ROWS)],
            "quantos": pa.array(rng.integers(0, 9, ROWS).astype(float), mask=rng.random(ROWS) < 0.3),
            "quanto": pa.array(rng.random(ROWS), mask=rng.random(ROWS) < 0.3),
            "motivos": pa.array(reasons, pa.list_(REASON)),
        }
    )


def columns_of(table: pa.Table, tmp_path) -> dict[str, tuple[str, bool]]:
    """Return each leaf's compression and whether all of it is coded by dictionary."""
    ArtifactStore(tmp_path).write("x", {"t.parquet": table}, meta={})
    group = pq.read_metadata(tmp_path / "x/t.parquet").row_group(0)
    leaves = [group.column(place) for place in range(group.num_columns)]
    return {c.path_in_schema: (c.compression, c.has_dictionary_page) for c in leaves}


def test_of_records_repeating_texts_are_coded_and_random_ids_left_as_they_are(tmp_path):
    assert columns_of(records(), tmp_path) == {
        "cpf": ("LZ4", True),
        "id": ("UNCOMPRESSED", False),
        "codigo": ("LZ4", False),
        "tipo": ("LZ4", True),
        "valor_centavos": ("LZ4", False),
    }


def test_of_measures_counts_and_reasons_are_coded(tmp_path):
    found = columns_of(measures(), tmp_path)
    assert found["id"] == ("UNCOMPRESSED", False)
    assert {found[name] for name in ("quantos", "motivos.list.element.codigo", "motivos.list.element.pontos")} == {
        ("LZ4", True)
    }
    data = (tmp_path / "x/t.parquet").stat().st_size
    pq.write_table(measures(), tmp_path / "usual.parquet", compression="lz4")
    assert data < (tmp_path / "usual.parquet").stat().st_size


@pytest.mark.parametrize("make", [records, measures])
@pytest.mark.parametrize("rows", [0, 1, ROWS])
def test_every_value_comes_back_and_equal_tables_give_equal_bytes(make, rows, tmp_path):
    table = make().slice(7, rows)
    store = ArtifactStore(tmp_path)
    first = store.write("x", {"t.parquet": table}, meta={})
    assert store.write("y", {"t.parquet": table.combine_chunks()}, meta={}) == first
    assert store.read_table("x", "t.parquet") == table
    assert pq.read_table(tmp_path / "x/t.parquet") == table


def test_a_column_of_nulls_alone_can_be_written(tmp_path):
    table = pa.table({"t": pa.nulls(3, pa.string()), "n": pa.nulls(3, pa.float64())})
    ArtifactStore(tmp_path).write("x", {"t.parquet": table}, meta={})
    assert ArtifactStore(tmp_path).read_table("x", "t.parquet") == table
