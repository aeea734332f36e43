"""Embedded stores in a temporary folder with one published run, and the same scores as plain keys for the peers."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import redis
import sqlalchemy as sa

from benchmarks.made_up_scores import CODES, make_scores
from benchmarks.peers.server_process import HOST, below, python_module
from benchmarks.peers.stored_json import write_texts
from benchmarks.temporary_stores import temporary_stores
from contracts.cpf import check_digits
from contracts.settings import Settings
from serve.published.run_info import RunInfo
from serve.publishing.publish import Publisher
from stores.connections import redis_client, sql_engine

RANGE = 20_000
BATCH = 1_000
PEERS_DATABASE = 1
CONSULENTES = ("banco-um", "banco-dois", "varejo-tres", "financeira-quatro")
PURPOSE = "concessao_de_credito"


@dataclass(frozen=True, slots=True)
class Installation:
    """Stores with a run in force; consumers by id and CPF, row by row."""

    settings: Settings
    folder: Path
    client_ids: Sequence[str]
    cpfs: Sequence[str]
    stores: Sequence[psutil.Process]

    @property
    def peers_redis_url(self) -> str:
        """Return the peers' own database on the same Redis server."""
        return self.settings.secret("redis_url").rsplit("/", 1)[0] + f"/{PEERS_DATABASE}"

    def tokens(self) -> list[str]:
        """Return a token of each consulente, from `escore token`."""
        return [self._token(subject) for subject in CONSULENTES]

    def _token(self, subject: str) -> str:
        command = python_module(
            "flows.cli", "token", "--subject", subject, "--scope", "score:ler", "--purpose", PURPOSE, "--minutes", "600"
        )
        environment = {**os.environ, "SCORE_VAR": str(self.settings.var)}
        return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


@contextmanager
def installed(consumers: int) -> Iterator[Installation]:
    """Yield stores with so many published scores; erase them at the end."""
    with temporary_stores() as settings:
        scores = _score_table(consumers)
        _publish(settings, scores)
        ids, cpfs = (scores[name].to_pylist() for name in ("cliente_id", "cpf"))
        yield Installation(settings, settings.var.parent, ids, cpfs, below(settings.var))


def copy_answers(installation: Installation, *, port: int, token: str) -> int:
    """Write our own answers as the peers' keys; return their mean length in bytes.

    They come from `POST /scores/consultar`, so every peer returns what we return, consumer by consumer.
    """
    lengths = []
    with redis_client(installation.peers_redis_url, timeout=30) as cache:
        for start in range(0, len(installation.cpfs), BATCH):
            body = json.dumps({"cpfs": installation.cpfs[start : start + BATCH]}).encode()
            results = _post(port, token, body)["resultados"]
            texts = {
                item["resultado"]["cliente_id"]: json.dumps(
                    item["resultado"], ensure_ascii=False, separators=(",", ":")
                )
                for item in results
            }
            assert list(texts) == installation.client_ids[start : start + BATCH]
            write_texts(cache, texts)
            lengths += [len(text.encode()) for text in texts.values()]
    return sum(lengths) // len(lengths)


def _post(port: int, token: str, body: bytes) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://{HOST}:{port}/scores/consultar", body, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def _score_table(consumers: int) -> pa.Table:
    """Return scores with four reasons each, under CPFs whose check digits are right."""
    numbers = np.arange(consumers) * (999_999_999 // consumers) + 1
    digits = numbers[:, None] // 10 ** np.arange(8, -1, -1) % 10
    cpfs = np.column_stack([digits, check_digits(digits)])
    texts = ["".join(map(str, row)) for row in cpfs.tolist()]
    return make_scores(consumers).set_column(1, "cpf", pa.array(texts))


def _publish(settings: Settings, scores: pa.Table) -> None:
    engine = sql_engine(settings.secret("results_url"), timeout=10)
    cache: redis.Redis = redis_client(settings.secret("redis_url"), timeout=60)
    publisher = Publisher(engine, cache, cache_key=settings.secret("cache_key").encode())
    now = datetime.now(UTC)
    run = RunInfo(uuid.uuid4(), now.date(), "cartao-2026-11", "cartao", 12, _texts(), now, "0" * 64)
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO execucao (id, data_referencia, modelo_versao, situacao, iniciada_em)"
                " VALUES (:id, :day, :version, 'em_andamento', :at)"
            ),
            {"id": run.execucao_id, "day": run.data_referencia, "version": run.modelo_versao, "at": now},
        )
    publisher.begin(run, consumers=len(scores))
    publisher.stage_all(scores.slice(start, RANGE) for start in range(0, len(scores), RANGE))
    publisher.switch(run)
    engine.dispose()
    cache.close()


def _texts() -> dict[str, dict[str, str]]:
    """Return reason texts of a usual length, with letters beyond ASCII."""
    return {
        code: {
            "aumenta": f"Não há dívidas em atraso nos últimos 12 meses ({code.lower()})",
            "reduz": f"Dívidas vencidas há mais de 90 dias ainda não foram baixadas ({code.lower()})",
        }
        for code in CODES
    }
