"""A snapshot in the lake comes back as it was written, and only what is whole counts as finished."""

from datetime import date

import pyarrow as pa
import pytest

from contracts.artifacts import ArtifactStore
from contracts.errors import DataIntegrityError
from contracts.extraction import REJECTS_SCHEMA, Extraction, TableCounts
from contracts.tables import TABLES
from extract.lake import read_extraction, snapshot_path, write_extraction

AS_OF = date(2025, 6, 30)


def extraction() -> Extraction:
    tables = {table.name: table.lake_schema.empty_table() for table in TABLES}
    day = pa.scalar(AS_OF, pa.date32())
    tables["pessoa"] = pa.table(
        {"cpf": ["52998224725"], "cliente_id": ["c1"], "atualizado_em": pa.array([day.as_py()]).cast("timestamp[us]")},
        schema=tables["pessoa"].schema,
    )
    rejects = pa.table({"base": ["B"], "tabela": ["bem"], "chave": [None], "regra": ["orfao"]}, schema=REJECTS_SCHEMA)
    counts = {table.name: TableCounts() for table in TABLES}
    counts["bem"] = TableCounts(3, 1, {"posterior_a_data_referencia": 1}, {"orfao": 1})
    return Extraction(tables, rejects, counts)


@pytest.fixture
def lake(tmp_path):
    return ArtifactStore(tmp_path)


@pytest.mark.parametrize("index", [0, 12, None])
def test_what_is_written_is_read_back(lake, index):
    written = extraction()
    write_extraction(lake, "s1", index, written, as_of=AS_OF)
    read = read_extraction(lake, "s1", index)
    assert read.counts == written.counts
    assert read.rejects.equals(written.rejects)
    for name, table in written.tables.items():
        assert read.tables[name].equals(table)
        assert read.tables[name].schema == table.schema
    assert list(read_extraction(lake, "s1", index, ["bem"]).tables) == ["bem"]


def test_a_missing_or_damaged_range_is_an_error_not_an_empty_one(lake, tmp_path):
    with pytest.raises(DataIntegrityError, match="not in the lake"):
        read_extraction(lake, "s1", 0)
    write_extraction(lake, "s1", 0, extraction(), as_of=AS_OF)
    (tmp_path / snapshot_path("s1", 0) / "pessoa.parquet").unlink()
    with pytest.raises(DataIntegrityError, match="missing"):
        read_extraction(lake, "s1", 0)


def test_equal_extractions_give_equal_bytes(lake):
    for snapshot in ("s1", "s2"):
        write_extraction(lake, snapshot, 5, extraction(), as_of=AS_OF)
    digests = {lake.verify(snapshot_path(s, 5)).digest for s in ("s1", "s2")}
    assert len(digests) == 1


def test_named_columns_alone_are_read_and_every_file_is_compared_all_the_same(lake, tmp_path):
    written = extraction()
    write_extraction(lake, "s1", 0, written, as_of=AS_OF)
    columns = {"pessoa": ("cpf", "cliente_id"), "bem": ("tipo", "cpf")}
    read = read_extraction(lake, "s1", 0, columns=columns)
    assert {name: tuple(table.column_names) for name, table in read.tables.items()} == columns
    assert read.tables["pessoa"].cast(pa.schema([("cpf", "string"), ("cliente_id", "string")])).to_pylist() == [
        {"cpf": "52998224725", "cliente_id": "c1"}
    ]
    assert (read.counts, read.rejects) == (written.counts, written.rejects)
    (tmp_path / snapshot_path("s1", 0) / "compras.parquet").write_bytes(b"x")
    with pytest.raises(DataIntegrityError, match=r"compras\.parquet"):
        read_extraction(lake, "s1", 0, columns=columns)
