"""Where personal data lie and go: every place with what it holds of a person, in which form, how long, for whom.

What a store and the lake hold comes from ``contracts.tables``; of the results' columns it is declared here, and a test
refuses one that is not. Rule: LGPD art. 37, the record of processing; ``flows/privacy_page.py`` makes the page of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from contracts.settings import PREFIX
from contracts.table_declaration import Nature, Store
from contracts.tables import TABLES, tables_of


class Form(StrEnum):
    """How a place holds something of a person."""

    CLEAR = "in clear"
    KEYED = "keyed hash"
    SEALED = "encrypted"
    MASKED = "masked"
    COUNTED = "counted"


SCORE = "score"
"""What the engine adds to what the stores tell: score, band, probability, reasons, and features behind them."""

Held = Mapping[Nature | str, Form]


@dataclass(frozen=True, slots=True)
class Place:
    """One place; ``evidence`` names the tests that look into it."""

    name: str
    title: str
    holds: Held
    kept: str
    readers: str
    erased: str
    evidence: tuple[str, ...]

    @property
    def is_personal(self) -> bool:
        """Return whether anything in it is about one person."""
        return any(form is not Form.COUNTED for form in self.holds.values())


def _setting(name: str) -> str:
    return f"`{PREFIX}{name.upper()}`"


def natures_of(store: Store) -> frozenset[Nature]:
    """Return what the columns of a store's tables tell of a person."""
    return _told(column.nature for table in tables_of(store) for column in table.columns)


def natures_read() -> frozenset[Nature]:
    """Return what the columns that the engine extracts tell of a person."""
    return _told(column.nature for table in TABLES for column in table.read_columns)


def _told(natures: Iterable[Nature]) -> frozenset[Nature]:
    return frozenset(natures) - {Nature.NONE}


def _all(form: Form, natures: Iterable[Nature | str]) -> Held:
    wanted = set(natures)
    return {nature: form for nature in (*Nature, SCORE) if nature in wanted}


def _clear(*natures: Nature | str) -> Held:
    return _all(Form.CLEAR, natures)


_BY_OWNER = "by the store's owner; until then runs leave the person out, by the list of the erased"
_RUN_KEPT = (
    f"{_setting('retention_runs')} runs and the last of each month; of a run that failed, 24 hours at most, or until "
    "the next is published"
)
_NOBODY = ("flows/test_privacy.py",)
_ERASED = ("integration/test_erase.py", "flows/test_incremental_and_erase.py")

PLACES: tuple[Place, ...] = (
    *(
        Place(
            f"base_{store.value.lower()}",
            f"Base {store.value}",
            _clear(*natures_of(store)),
            "as its owner decides",
            f"the engine's role, `select` alone, by {_setting(f'base_{store.value.lower()}_url')}; its owner",
            _BY_OWNER,
            ("integration/test_stores_check.py",),
        )
        for store in Store
    ),
    Place(
        "snapshot",
        "Lake: snapshots",
        _clear(*natures_read()),
        _RUN_KEPT + "; a training's until it ends",
        "whoever reads the files or the bucket of `SCORE_LAKE`: the engine's user (mode 0600), data scientists",
        "`escore erase`",
        _ERASED,
    ),
    Place(
        "features",
        "Lake: features and scores",
        _clear(Nature.IDENTIFIER, Nature.PSEUDONYM, SCORE),
        _RUN_KEPT,
        "the same",
        "`escore erase`",
        _ERASED,
    ),
    Place(
        "models",
        "Lake: models",
        {SCORE: Form.COUNTED},
        "until deleted",
        "the same; the public description anybody, by `GET /modelo`",
        "nothing to erase: points and counts of everybody",
        _NOBODY,
    ),
    Place(
        "results",
        "Results",
        _clear(Nature.IDENTIFIER, Nature.PSEUDONYM, SCORE),
        f"`score`: {_setting('retention_runs')} runs and the last of each month; `execucao`, `rejeitado`, `revisao`: "
        "for good",
        "the engine's role; data scientists and auditors by a role of their own, `select` alone",
        "`escore erase`",
        _ERASED,
    ),
    Place(
        "audit",
        "Audit and list of the erased",
        {Nature.IDENTIFIER: Form.KEYED, Nature.PSEUDONYM: Form.KEYED},
        "for good in `auditoria`, `apagamento` and `pedido_apagamento`; in the journal until shipped",
        "auditors; the titular, of themselves (`acessos:ler`); the engine adds and cannot alter",
        "stays: LGPD art. 16 I",
        ("flows/test_privacy.py", "integration/test_audit_readings.py"),
    ),
    Place(
        "redis",
        "Redis",
        {
            Nature.IDENTIFIER: Form.KEYED,
            Nature.PSEUDONYM: Form.KEYED,
            SCORE: Form.CLEAR,
            **_all(Form.SEALED, natures_of(Store.B) - {Nature.IDENTIFIER, Nature.PSEUDONYM}),
        },
        "scores: the run in force and the one before; Base B's answers a minute; quotas a day",
        f"the API and the engine, by {_setting('redis_url')}",
        "`escore erase`; the append-only file at its next rewriting",
        ("flows/test_privacy.py", "law/test_nobody_is_named.py"),
    ),
    Place(
        "api",
        "API",
        _clear(*(nature for nature in Nature if nature is not Nature.NONE), SCORE),
        "nothing is kept: `Cache-Control: no-store`",
        "consulentes, by scope and purpose; the titular, of themselves; each read in the audit",
        "nothing to erase",
        ("law/test_reads.py", "integration/test_api_access.py"),
    ),
    Place(
        "prefect",
        "Prefect",
        {SCORE: Form.COUNTED},
        "as its server is set",
        "who operates the runs",
        "nothing to erase: ids of runs, dates, counts",
        ("flows/test_privacy.py", "law/test_nobody_is_named.py"),
    ),
    Place(
        "told",
        "Logs, metrics, traces, reports",
        {SCORE: Form.COUNTED},
        "as their collectors are set; reports until deleted",
        "who operates and who validates",
        "nothing to erase",
        ("flows/test_privacy.py", "integration/test_api_frame_logs.py"),
    ),
)
PLACES_BY_NAME = {place.name: place for place in PLACES}

FLOWS: tuple[tuple[str, str, str], ...] = (
    ("base_a", "snapshot", "register, debts"),
    ("base_b", "snapshot", "income, assets"),
    ("base_c", "snapshot", "events"),
    ("snapshot", "features", "as of one date"),
    ("features", "models", "training"),
    ("features", "results", "COPY"),
    ("features", "redis", "keyed hashes"),
    ("results", "api", "fallback"),
    ("redis", "api", "a score"),
    ("api", "audit", "each read"),
    ("results", "prefect", "counts"),
    ("api", "told", "counts, durations"),
)
"""From, to, what; the three stores also answer the API directly, by their own endpoints."""

PERSONAL_RESULTS: dict[str, dict[str, tuple[Nature | str, Form]]] = {
    "score": {
        "cliente_id": (Nature.PSEUDONYM, Form.CLEAR),
        "cpf": (Nature.IDENTIFIER, Form.CLEAR),
        **dict.fromkeys(("score", "probabilidade", "faixa", "status", "motivos"), (SCORE, Form.CLEAR)),
    },
    "rejeitado": {"chave": (Nature.PSEUDONYM, Form.CLEAR)},
    "auditoria": {"sujeito": (Nature.IDENTIFIER, Form.KEYED)},
    "apagamento": {
        "titular": (Nature.PSEUDONYM, Form.KEYED),
        "cpfs": (Nature.IDENTIFIER, Form.KEYED),
        "cpfs_selados": (Nature.IDENTIFIER, Form.SEALED),
        "readmitidos": (Nature.IDENTIFIER, Form.KEYED),
    },
    "pedido_apagamento": {
        "titular": (Nature.PSEUDONYM, Form.KEYED),
        "cliente_selado": (Nature.PSEUDONYM, Form.SEALED),
    },
    "revisao": {"cliente_id": (Nature.PSEUDONYM, Form.CLEAR)},
}
"""What the columns of the results hold of a person, and how."""

IMPERSONAL_RESULTS: dict[str, str] = {
    "execucao": "id data_referencia modelo_versao situacao extraidos pontuados insuficientes rejeitados contagens "
    "impressao motivo_falha retomavel iniciada_em terminada_em publicada_em",
    "score": "execucao_id data_referencia modelo_versao",
    "rejeitado": "execucao_id base tabela regra",
    "auditoria": "id momento consulente recurso finalidade resultado requisicao_id titular",
    "auditoria_diario": "id iniciado_em bytes registros danificados atualizado_em",
    "apagamento": "pedido_em concluido_em contagens readmitido_em",
    "pedido_apagamento": "id situacao pedido_em tentativas tentado_em motivo concluido_em prova",
    "revisao": "id execucao_id motivo situacao resultado pedida_em concluida_em",
    "modelo": "versao nome horizonte_meses textos sha256 registrado_em descricao",
}
"""Their other columns: runs, counts, versions, instants, who asked and why."""
