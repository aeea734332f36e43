"""Forty consumers of every kind in three real stores, scored by a card with a term on every feature, and published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

import pytest

from contracts.settings import Settings
from serve.published.run_info import RunInfo
from tests.extract_samples import cpf_of, debt
from tests.law_samples import Judged, Rows, consumer, everything_table, insert_consumers, judge_stores
from tests.published_runs import publish
from tests.score_samples import make_run

AS_OF = date(2025, 6, 30)
CONSUMERS = 40


@dataclass(frozen=True)
class Published:
    """An installation, the run in force in it, and what its consumers came out as; consumer ``n`` has the id ``cn``."""

    settings: Settings
    run: RunInfo
    judged: Judged

    @staticmethod
    def cpf(number: int) -> str:
        """Return the CPF of one of the consumers."""
        return cpf_of(500_000_000 + number)


@pytest.fixture(scope="session")
def published(make_installation: Callable[[str], Settings]) -> Published:
    """Publish once a session; every fourth consumer is one of whom nothing is known."""
    settings = make_installation("lei")
    insert_consumers(settings, *map(_consumer, range(CONSUMERS)))
    card = everything_table()
    named = {"modelo_nome": card.name, "textos": card.texts, "modelo_descricao": "# tudo\n\nDIV01: dívidas em aberto\n"}
    run = replace(make_run(9, as_of=AS_OF), **named)
    judged = judge_stores(settings, AS_OF)
    publish(settings, run, judged.scores)
    return Published(settings, run, judged)


def _consumer(number: int) -> Rows:
    key, cpf = f"c{number}", Published.cpf(number)
    rows = consumer(key, cpf, known=datetime(2024, 1, 1), events=datetime(2025, 6, 29 - number % 28))
    rows["divida"] += [debt(f"{key}-d{k}", key, valor=f"{10 ** (k + 1)}.00") for k in range(number % 5)]
    return rows if number % 4 else {name: found if name == "cliente" else [] for name, found in rows.items()}
