"""Small tables of scores and the rows that a run has before it publishes."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from contracts.cpf import check_digits
from contracts.score_scale import SCORES_SCHEMA, band_of
from serve.published.run_info import RunInfo

CODES = ("ATRASO", "DIVIDA_RENDA", "IDADE", "RENDA", "USO_CARTAO")
TEXTS = {code: {"aumenta": f"{code} ajuda", "reduz": f"{code} atrapalha: ação"} for code in CODES}
AS_OF = date(2026, 10, 31)


def make_run(number: int = 1, *, as_of: date = AS_OF) -> RunInfo:
    computed = datetime(2026, 11, 1, 5, number % 60, tzinfo=UTC)
    return RunInfo(uuid.UUID(int=number), as_of, "m-1", "cartao", 12, TEXTS, computed, "0" * 64)


def open_run(engine: sa.Engine, run: RunInfo) -> None:
    """Insert the ledger's row of a run that has begun."""
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO execucao (id, data_referencia, modelo_versao, situacao, iniciada_em)"
                " VALUES (:id, :day, :version, 'em_andamento', :at)"
            ),
            {"id": run.execucao_id, "day": run.data_referencia, "version": run.modelo_versao, "at": run.calculado_em},
        )


def make_cpfs(count: int, *, first: int = 100_000_000) -> list[str]:
    numbers = np.arange(first, first + count)
    digits = np.array([[int(d) for d in f"{n:09d}"] for n in numbers])
    return ["".join(map(str, row)) for row in np.column_stack([digits, check_digits(digits)])]


def make_scores(count: int, *, shift: int = 0, text_ids: bool = False, first: int = 100_000_000) -> pa.Table:
    """Return ``count`` rows in CPF order; every tenth has insufficient data; ``shift`` moves the scores."""
    cpfs = make_cpfs(count, first=first)
    rows = []
    for number, cpf in enumerate(cpfs):
        client_id = f"cliente-{number}" if text_ids else str(uuid.uuid5(uuid.NAMESPACE_OID, cpf))
        if number % 10 == 9:
            score = raw = probability = band = None
            status, reasons = "DADOS_INSUFICIENTES", []
        else:
            raw = (number * 37 + shift) % 1100 - 50
            score = min(max(raw, 0), 1000)
            probability = 1 / (1 + np.exp((raw - 500) / 100))
            band, status = band_of(score).value, "OK"
            reasons = [
                {"codigo": code, "pontos": (-1) ** i * (60 - 10 * i) + shift % 7}
                for i, code in enumerate(CODES[: number % 5])
            ]
        rows.append((client_id, cpf, score, raw, probability, band, status, reasons))
    columns = zip(*rows, strict=True) if rows else [[]] * len(SCORES_SCHEMA)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, SCORES_SCHEMA, strict=True)], schema=SCORES_SCHEMA)
