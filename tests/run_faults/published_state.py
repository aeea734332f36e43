"""All that runs have left in the results, Redis and the lake, read past the engine's own readers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from serve.published.key_layout import POINTER_KEY, info_key, key_prefix
from serve.publishing.generations import GENERATIONS_KEY
from tests.run_faults.house import MODELS, House

_OF_THE_RUN = ("execucao_id", "calculado_em")
"""What a generation's description holds of its run alone."""

Content = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RunRow:
    """A row of ``execucao``; ``content`` is what two runs of one state have alike."""

    id: UUID
    as_of: date
    model: str
    state: str
    resumable: bool
    content: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class PublishedState:
    """What stands after runs; rows as PostgreSQL prints them, Redis's values as bytes."""

    runs: Mapping[UUID, RunRow]
    rows: Mapping[UUID, list[str]]
    attached: frozenset[UUID]
    rejects: Mapping[UUID, list[str]]
    generations: Mapping[UUID, Content]
    listed_generations: frozenset[UUID]
    pointer: tuple[UUID, ...]
    unknown_keys: frozenset[str]
    models: frozenset[str]
    lake: Mapping[str, bytes]

    @property
    def in_force(self) -> list[RunRow]:
        """Return the runs that PostgreSQL holds for in force."""
        return [run for run in self.runs.values() if run.state == "publicada"]


def read_state(house: House) -> PublishedState:
    """Read everything."""
    runs = {
        row[0]: RunRow(*row[:5], content=row[5:])
        for row in house.query(
            "select id, data_referencia, modelo_versao, situacao, retomavel, extraidos, pontuados, insuficientes,"
            " rejeitados, contagens::text, impressao from execucao"
        )
    }
    tables = [
        name for (name,) in house.query("select tablename from pg_tables where tablename ~ '^score_[0-9a-f]{32}$'")
    ]
    attached = house.query(
        "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
        " where i.inhparent = 'score'::regclass"
    )
    rejects: dict[UUID, list[str]] = {}
    for run_id, text in house.query(
        "select execucao_id, concat_ws('|', base, tabela, chave, regra) from rejeitado order by 1, 2"
    ):
        rejects.setdefault(run_id, []).append(text)
    generations, listed, pointer, unknown = _read_redis(house)
    return PublishedState(
        runs,
        {_run_of(name): _rows_of(house, name) for name in tables},
        frozenset(_run_of(name) for (name,) in attached),
        rejects,
        generations,
        listed,
        pointer,
        unknown,
        frozenset(version for (version,) in house.query("select versao from modelo")),
        _read_lake(house.lake),
    )


def _run_of(table: str) -> UUID:
    return UUID(hex=table.removeprefix("score_"))


def _rows_of(house: House, table: str) -> list[str]:
    columns = (
        "cliente_id, cpf, score, float4send(probabilidade), faixa, status, motivos, data_referencia, modelo_versao"
    )
    return [text for (text,) in house.query(f"select row({columns})::text from {table} order by cliente_id")]


def _read_redis(
    house: House,
) -> tuple[dict[UUID, Content], frozenset[UUID], tuple[UUID, ...], frozenset[str]]:
    runs = [row[0] for row in house.query("select id from execucao")]
    with house.cache() as cache:
        keys: set[str] = {key.decode() for key in cache.keys("*")}
        listed = frozenset(UUID(hex=name.decode()) for name in cache.smembers(GENERATIONS_KEY))
        pointer = tuple(UUID(hex=text) for text in (cache.get(POINTER_KEY) or b"").decode().split())
        generations: dict[UUID, Content] = {}
        for run_id in {*runs, *listed}:
            prefix = key_prefix(run_id)
            own = sorted(key for key in keys if key.startswith(prefix))
            keys -= set(own)
            if own:
                generations[run_id] = {
                    key.removeprefix(prefix): cache.hgetall(key) for key in own if key != info_key(run_id)
                }
                generations[run_id]["info"] = _info(cache.get(info_key(run_id)))
    return generations, listed, pointer, frozenset(keys - {GENERATIONS_KEY, POINTER_KEY})


def _info(value: bytes | None) -> Content | None:
    if value is None:
        return None
    return {name: item for name, item in json.loads(value).items() if name not in _OF_THE_RUN}


def _read_lake(lake: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(lake)): b"" if path.is_dir() else path.read_bytes()
        for folder in lake.iterdir()
        if folder.name != MODELS
        for path in folder.rglob("*")
    }
