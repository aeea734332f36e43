"""The lake: manifests, Parquet files, and what is built on them. Whoever wrote a file wrote its checksum too."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.artifacts import ArtifactStore
from contracts.canonical_json import canonical_json
from contracts.errors import DataIntegrityError
from contracts.extraction import REJECTS_SCHEMA, CpfRange, Extraction, TableCounts
from contracts.manifests import MANIFEST_NAME
from contracts.table_declaration import Store
from contracts.tables import COMPRAS, TABLES, tables_of
from extract.asides import records_in, table_of
from extract.lake import read_base, read_extraction, read_heads, read_whole, snapshot_path, write_extraction
from extract.records import Decoded, Records
from features.build import declared_columns
from flows.changes import Changes
from flows.erase import _sealed_cpfs
from flows.erase_lake import Person, count_rows, erase_from_lake, find_cpfs
from flows.erasure_queue import _fernet, _unseal
from flows.lake_retention import _made_at
from flows.monitor import run_distribution
from flows.range_summary import RangeSummary
from flows.range_work import finished_summary
from flows.run_plan import (
    RunIdentity,
    SnapshotBase,
    changes_root,
    read_origin,
    read_plan,
    read_plan_base,
    snapshot_root,
    write_plan,
)
from models.monitoring.reference_distribution import ReferenceDistribution
from serve.published.person_hash import PersonHash
from stores.erasure_requests import ErasureRequest
from stores.erasures import Erasure
from tests.fuzz.target import CPF, Target, make_folder

AS_OF = date(2025, 6, 30)
RUN = RunIdentity(UUID("019aac10-2f3e-7c5b-9d4e-8a1b2c3d4e5f"), AS_OF, "2025-06-30-1a2b3c4d")
_PERSON = Person("c1", frozenset({CPF}))


def lake(name: str = "") -> ArtifactStore:
    """Return a lake of this process's own; another by another name."""
    return _lakes(name)


@cache
def _lakes(_name: str) -> ArtifactStore:
    return ArtifactStore(make_folder())


def put(path: str, files: Mapping[str, bytes], *, manifest: bytes | None = None, name: str = "") -> None:
    """Lay files down with a manifest that vouches for them, or with the one given; nothing is synced."""
    folder = Path(lake(name).root) / path
    folder.mkdir(parents=True, exist_ok=True)
    for file, data in files.items():
        (folder / file).write_bytes(data)
    listed = {n: {"bytes": len(d), "sha256": hashlib.sha256(d).hexdigest(), "linhas": None} for n, d in files.items()}
    own = {"formato": 1, "arquivos": listed, "meta": {}}
    (folder / MANIFEST_NAME).write_bytes(canonical_json(own) if manifest is None else manifest)


def _extraction() -> Extraction:
    tables = {table.name: table.lake_schema.empty_table() for table in TABLES}
    row = {"cpf": CPF, "data_compra": datetime(2025, 1, 1), "valor_centavos": 100, "tipo": "x"}
    schema = COMPRAS.lake_schema
    tables[COMPRAS.name] = pa.table({field.name: pa.array([row.get(field.name)], field.type) for field in schema})
    counts = {table.name: TableCounts(1, 1, {"depois": 0}, {"tipo_errado": 0}) for table in TABLES}
    heads = {table.name: (1, 2, 3) for table in tables_of(Store.C)}
    return Extraction(tables, REJECTS_SCHEMA.empty_table(), counts, heads=heads, read_whole=("compras",))


@cache
def _snapshot() -> bytes:
    """Return the manifest of a snapshot that stands in the lake, whole."""
    write_extraction(lake(), RUN.snapshot_id, 0, _extraction(), as_of=AS_OF)
    return (Path(lake().root) / snapshot_path(RUN.snapshot_id, 0) / MANIFEST_NAME).read_bytes()


def _read_manifest(data: bytes) -> None:
    put("ensaio/um", {"a.bin": b"abc"}, manifest=data)
    found = lake().read_manifest("ensaio/um")
    if found is not None:
        assert len(found.digest) == 64
        lake().verify("ensaio/um")


def _read_snapshot(data: bytes) -> None:
    """Read a snapshot by a manifest that anybody may have written."""
    _snapshot()
    (Path(lake().root) / snapshot_path(RUN.snapshot_id, 0) / MANIFEST_NAME).write_bytes(data)
    refused = []
    for read in (
        lambda: read_extraction(lake(), RUN.snapshot_id, 0),
        lambda: read_extraction(lake(), RUN.snapshot_id, 0, columns=declared_columns()),
        lambda: read_base(lake(), RUN.snapshot_id, 0),
        lambda: read_heads(lake(), RUN.snapshot_id, 0),
        lambda: read_whole(lake(), RUN.snapshot_id, 0),
        lambda: find_cpfs(lake(), "c1"),
    ):
        try:
            read()
        except DataIntegrityError as error:
            refused.append(error)
    if refused:
        raise refused[0]


_MANIFEST = b'{"formato":1,"arquivos":{},"meta":%b}'
_TABLES = "tabelas"
"""Another lake: a person is erased from it, with what cannot be read."""


def _read_table(data: bytes) -> None:
    """Read a Parquet file in each of the ways that the engine reads one."""
    path = snapshot_path("ensaio", 0)
    put(path, {"compras.parquet": data, "aparte-compras.parquet": data}, name=_TABLES)
    refused = []
    names = ["cpf", "valor_centavos"]
    for read in (
        lambda: lake(_TABLES).read_table(path, "compras.parquet"),
        lambda: lake(_TABLES).read_table(path, "compras.parquet", names, coded=["cpf"]),
        lambda: records_in(COMPRAS, lake(_TABLES).read_table(path, "aparte-compras.parquet")),
        lambda: find_cpfs(lake(_TABLES), "c1"),
    ):
        try:
            read()
        except DataIntegrityError as error:
            refused.append(error)
    assert count_rows(lake(_TABLES), path, _PERSON) >= -1
    erase_from_lake(lake(_TABLES), _PERSON, ("ensaio",))
    if refused:
        raise refused[0]


def _parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def _tables() -> list[bytes]:
    table = _extraction().tables[COMPRAS.name]
    many = pa.table({"cpf": pa.array([CPF, None] * 40), "valor_centavos": pa.array(range(80))})
    columns = {c.name: pa.array([None], pa.string()) for c in COMPRAS.read_columns} | {"cpf": pa.array([CPF])}
    nested = pa.table({"cpf": [[CPF]], "valor_centavos": [{"a": 1}]})
    return [
        _parquet(table),
        _parquet(many, compression="zstd", use_dictionary=False),
        _parquet(many, data_page_version="2.0", compression="snappy"),
        _parquet(nested),
        _parquet(table.slice(0, 0)),
        _parquet(table_of(Records(COMPRAS, {name: Decoded(array) for name, array in columns.items()}, columns["cpf"]))),
    ]


def _read_plan_document(data: bytes) -> None:
    put(f"{snapshot_root(RUN.snapshot_id)}/plano", {"plano.json": data})
    _read_plan_files()


def _read_plan_manifest(data: bytes) -> None:
    put(f"{snapshot_root(RUN.snapshot_id)}/plano", {"plano.json": _PLAN}, manifest=data)
    _read_plan_files()


def _read_plan_files() -> None:
    refused = []
    for read in (read_plan, read_plan_base, read_origin):
        try:
            read(lake(), RUN.snapshot_id)
        except DataIntegrityError as error:
            refused.append(error)
    assert count_rows(lake(), f"{snapshot_root(RUN.snapshot_id)}/plano", _PERSON) >= -1
    if refused:
        raise refused[0]


def _put_plan() -> bytes:
    ranges = [CpfRange(0, None, CPF), CpfRange(1, CPF, None)]
    write_plan(lake(), RUN.snapshot_id, ranges, origin="x", base=SnapshotBase("y", datetime(2025, 6, 1), 3))
    return (Path(lake().root) / snapshot_root(RUN.snapshot_id) / "plano" / MANIFEST_NAME).read_bytes()


_PLAN = canonical_json({"faixas": [[0, None, CPF], [1, CPF, None]]})


_NAMES = PersonHash(b"k" * 32)


def _read_names(data: bytes) -> None:
    made = _made_at(data.decode("utf-8", "replace"))
    assert made is None or made.tzinfo is not None
    erasure = Erasure(_NAMES.subject_by_client("c1"), (), data, datetime(2026, 1, 1), None, None)
    assert all(len(cpf) <= len(CPF) for cpf in _sealed_cpfs(erasure, _NAMES, "c1"))


def _read_request(data: bytes) -> None:
    asked = datetime(2026, 1, 1)
    titular = _NAMES.subject_by_client("c1")
    request = ErasureRequest(RUN.execucao_id, titular, data, "pendente", asked, 0, None, None, None, None)
    assert _unseal(_NAMES, request)


def _read_changes(data: bytes) -> None:
    put(f"{changes_root(RUN.snapshot_id)}/indice", {"indice.json": data})
    changes = Changes(lake(), RUN.snapshot_id)
    changes.reread(0)
    changes.tails(0)


def summary() -> RangeSummary:
    """Return a small summary of a range."""
    distribution = ReferenceDistribution(
        "a" * 64, 3, {"renda": (1, 1, 1)}, {600: 2, -5: 1}, {"cliente": TableCounts(3, 3)}
    )
    return RangeSummary(1, {"cliente": TableCounts(3, 3)}, seconds={"extract": 0.5}, distribution=distribution)


def _read_summary(data: bytes) -> None:
    """Read a range's summary from a manifest: as a resumed run does, and as the monitor does."""
    path = RUN.scores_path(0)
    _snapshot_again()
    _put_one_range()
    put(path, {"a.bin": b"abc"}, manifest=data)
    finished_summary(lake(), RUN, 0)
    put(path, {"a.bin": b"abc"}, manifest=data)
    run_distribution(lake(), RUN)


def _put_one_range() -> None:
    put(f"{snapshot_root(RUN.snapshot_id)}/plano", {"plano.json": b'{"faixas": [[0, null, null]]}'})


def _snapshot_again() -> None:
    (Path(lake().root) / snapshot_path(RUN.snapshot_id, 0) / MANIFEST_NAME).write_bytes(_snapshot())


def _summaries() -> list[bytes]:
    manifest = lake().write(
        "ensaio/resumo", {"a.bin": b"abc"}, meta={"resumo": summary().to_json(), "modelo": RUN.model_version}
    )
    assert manifest.files
    return [(Path(lake().root) / "ensaio/resumo" / MANIFEST_NAME).read_bytes()]


def _manifests() -> list[bytes]:
    lake().write("ensaio/um", {"a.bin": b"abc", "b.json": {"a": 1}}, meta={"x": [1, 2.5, None]})
    return [(Path(lake().root) / "ensaio/um" / MANIFEST_NAME).read_bytes(), canonical_json({"formato": 1})]


_TOKENS = (b'"bytes": 3', b'"sha256": "', b'"arquivos": {', b'"meta": {', b'"formato": 1', b"../", b'"linhas": null')

TARGETS = (
    Target(
        "lake/manifest",
        "an artifact's manifest",
        ("contracts.artifacts:ArtifactStore.read_manifest", "contracts.manifests:parse_manifest"),
        _manifests,
        _read_manifest,
        tokens=_TOKENS,
        regressions=(
            b"[" * 60_000,
            b'{"formato":1,"arquivos":{"\\u0000":{"bytes":1,"sha256":"","linhas":null}},"meta":{}}',
            b'{"arquivos":{"a.bin":{"bytes":3,"linhas":null,"sha256":"\\ud800"}},"formato":1,"meta":{}}',
        ),
    ),
    Target(
        "lake/snapshot",
        "a range's snapshot, by its manifest",
        (
            "extract.lake:read_extraction",
            "extract.lake:read_base",
            "extract.lake:read_heads",
            "extract.lake:read_whole",
        ),
        lambda: [_snapshot()],
        _read_snapshot,
        tokens=_TOKENS,
        regressions=(
            _MANIFEST % b"{}",
            _MANIFEST % b'{"contagens":{},"anteriores":"x"}',
            _MANIFEST % b'{"lidas_por_inteiro":[[]]}',
        ),
    ),
    Target(
        "lake/table",
        "a Parquet file of the lake",
        (
            "contracts.artifacts:ArtifactStore.read_table",
            "flows.erase_lake:_count",
            "flows.erase_lake:_cleared",
            "extract.asides:records_in",
        ),
        _tables,
        _read_table,
        tokens=(b"PAR1", b"\x15\x00", b"\x15\x02", b"cpf", b"valor_centavos", b"ARROW:schema"),
        seconds=5.0,
        regressions=(
            b"PAR1" + bytes(40) + b"\x08\0\0\0PAR1",
            b"PAR1",
        ),
    ),
    Target(
        "lake/plan",
        "a run's plan: the ranges",
        ("flows.run_plan:read_plan", "contracts.artifacts:ArtifactStore.read_json"),
        lambda: [_PLAN],
        _read_plan_document,
        regressions=(
            b"[" * 60_000,
            b"{}",
            b"[]",
            b'"NaN"',
            b'{"faixas":"abc"}',
            b'{"faixas":[[0,null,[]]]}',
            b'{"faixas": [[1]]}',
        ),
    ),
    Target(
        "lake/plan-manifest",
        "a run's plan: of which stores it is, and from which snapshot it goes on",
        ("flows.run_plan:read_plan_base", "flows.run_plan:read_origin"),
        lambda: [_put_plan()],
        _read_plan_manifest,
        regressions=(
            _MANIFEST % b'{"base":{}}',
            _MANIFEST % b'{"base":{"instantaneo":"x","desde":"x","sobreposicao":3}}',
        ),
    ),
    Target(
        "lake/names",
        "names of trainings' folders, and CPFs that an erasure sealed",
        ("flows.lake_retention:_made_at", "flows.erase:_sealed_cpfs"),
        lambda: [
            b"treino-019aac10-2f3e-7c5b-9d4e-8a1b2c3d4e5f",
            b"treino-lixo",
            b"019aac10-2f3e-7c5b-9d4e-8a1b2c3d4e5f",
        ],
        _read_names,
        regressions=(
            b"treino-lixo",
            b"\xff",
        ),
    ),
    Target(
        "lake/requests",
        "the consumer's id that a request of erasure has sealed",
        ("flows.erasure_queue:_unseal",),
        lambda: [_fernet(_NAMES).encrypt(b"c1"), _fernet(_NAMES).encrypt(b"\xff")],
        _read_request,
    ),
    Target(
        "lake/changes",
        "the index of what changed since a snapshot",
        ("flows.changes:Changes.__init__",),
        lambda: [json.dumps({"reler": {"compras": [0, 2], "consultas": []}}).encode()],
        _read_changes,
        regressions=(
            b"[" * 60_000,
            b"{}",
            b'{"reler":"x"}',
            b'{"reler":{"compras":1.5}}',
        ),
    ),
    Target(
        "lake/summary",
        "a finished range's summary, as a resumed run and the monitor read it",
        (
            "flows.range_summary:RangeSummary.from_json",
            "flows.range_work:finished_summary",
            "flows.monitor:run_distribution",
            "contracts.extraction:TableCounts.from_json",
        ),
        _summaries,
        _read_summary,
        tokens=_TOKENS,
        regressions=(
            _MANIFEST % b"{}",
            _MANIFEST % b'{"modelo":"2025-06-30-1a2b3c4d","resumo":[]}',
        ),
    ),
)
