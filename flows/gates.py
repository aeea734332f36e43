"""The expectations that a run must meet before it is published, declared once: the gates and their page come from here.

A critical one that does not hold stops the run; a warning is reported. Limits are named, with where they come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.score_scale import SCORE_MAX, SCORE_MIN

MIN_SCORED_SHARE = 0.05
USUAL_SCORED_SHARE = 0.5
"""Below half of consumers scored, somebody should look; below one in twenty a store was empty or cut off (our rule)."""
MAX_SHARE_IN_ONE_BIN = 0.5
"""More than half of all scores within 20 points means the model saw no usable feature (our rule)."""
WARNING_REJECT_SHARE = 0.5
"""A reject rate above half the critical limit is a warning."""

PROMISES = {
    "soma_das_contribuicoes": "Base points and contributions, summed a second time from the features, are the "
    "unclipped score of every consumer.",
    "recorte_da_escala": "Every score is the unclipped one, clipped to the scale.",
    "faixa": "Every band is the one of its score.",
    "probabilidade_fora_de_0_1": "Every probability lies between 0 and 1, neither of them.",
    "monotonia": "No probability of default rises with the score.",
    "sem_dados_com_score": "Nobody without data has a score.",
}
"""What is counted of every score that breaks it, by the name of the count; none may be."""

_FAULT = "[fault](#what-to-do)"
_STORE = "[stores](#what-to-do)."


@dataclass(frozen=True, slots=True)
class Gate:
    """One expectation: its suite and name, the class of Great Expectations with its arguments, and what it is for."""

    suite: str
    name: str
    expectation: str
    arguments: Mapping[str, Any]
    about: str
    act: str
    critical: bool = True


def gates(max_reject_rate: float) -> tuple[Gate, ...]:
    """Return every expectation, suite by suite; ``max_reject_rate`` is the setting."""
    return (*_of_snapshot(max_reject_rate), *_of_features(), *_of_scores())


def _of_snapshot(max_reject_rate: float) -> tuple[Gate, ...]:
    suite, between = "instantaneo", "ExpectColumnValuesToBeBetween"
    return (
        Gate(
            suite,
            "registros_sem_destino",
            "ExpectColumnValuesToBeInSet",
            {"column": "diferenca", "value_set": [0]},
            "In every table, what was read is what was used, ignored and rejected together.",
            _FAULT,
        ),
        Gate(
            suite,
            "taxa_de_rejeicao",
            between,
            {"column": "taxa_rejeicao", "max_value": max_reject_rate},
            "No table has a larger share of records refused than `SCORE_MAX_REJECT_RATE`.",
            "Read which rules refused them ([read rejects](../how-to/read-rejects.md)); raise the limit for one run "
            "only if you know why.",
        ),
        Gate(
            suite,
            "taxa_de_rejeicao_atencao",
            between,
            {"column": "taxa_rejeicao", "max_value": max_reject_rate * WARNING_REJECT_SHARE},
            "No table has half of that.",
            "The same, before it stops a night.",
            critical=False,
        ),
        Gate(
            suite,
            "tabela_vazia",
            between,
            {"column": "lidos", "min_value": 1},
            "No table is empty.",
            f"{_STORE} A table that the installation does not have is always told here.",
            critical=False,
        ),
    )


def _of_features() -> tuple[Gate, ...]:
    suite, in_set = "variaveis", "ExpectColumnValuesToBeInSet"
    return (
        Gate(
            suite,
            "valores_nao_finitos",
            in_set,
            {"column": "nao_finitos", "value_set": [0]},
            "No feature of anybody is infinite or not a number; missing is allowed.",
            _FAULT,
        ),
        Gate(
            suite,
            "uma_linha_por_cliente",
            "ExpectColumnPairValuesToBeEqual",
            {"column_A": "linhas", "column_B": "linhas_esperadas"},
            "Every feature has one row for each consumer who is scored or has insufficient data.",
            _FAULT,
        ),
        Gate(
            suite,
            "variavel_negativa",
            in_set,
            {"column": "negativa_indevida", "value_set": [0]},
            "No feature that cannot be negative is.",
            _FAULT,
        ),
        Gate(
            suite,
            "variavel_toda_faltante",
            "ExpectColumnValuesToBeBetween",
            {"column": "parcela_faltante", "max_value": 0.999},
            "No feature is missing for everybody.",
            f"{_STORE} A family of features that is missing throughout points at its table.",
            critical=False,
        ),
    )


def _of_scores() -> tuple[Gate, ...]:
    suite, between, in_set = "pontuacao", "ExpectColumnValuesToBeBetween", "ExpectColumnValuesToBeInSet"
    scale = {"min_value": SCORE_MIN, "max_value": SCORE_MAX}
    promises = (
        Gate(suite, f"quebra_{name}", in_set, {"column": f"quebra_{name}", "value_set": [0]}, about, _FAULT)
        for name, about in PROMISES.items()
    )
    return (
        *promises,
        Gate(
            suite,
            "contas_fecham",
            in_set,
            {"column": "clientes_sem_destino", "value_set": [0]},
            "Consumers extracted are those scored, with insufficient data and rejected, together.",
            _FAULT,
        ),
        Gate(
            suite,
            "ha_clientes",
            between,
            {"column": "clientes_extraidos", "min_value": 1},
            "There is at least one consumer.",
            "Is Base A empty, or `SCORE_BASE_A_URL` that of another database?",
        ),
        Gate(
            suite,
            "score_na_escala",
            between,
            {"column": "score_minimo", **scale},
            f"The lowest score lies between {SCORE_MIN} and {SCORE_MAX}.",
            _FAULT,
        ),
        Gate(
            suite,
            "score_na_escala_maximo",
            between,
            {"column": "score_maximo", **scale},
            "So does the highest.",
            _FAULT,
        ),
        Gate(
            suite,
            "parcela_pontuada",
            between,
            {"column": "parcela_pontuada", "min_value": MIN_SCORED_SHARE},
            f"At least {MIN_SCORED_SHARE:.0%} of the consumers have a score.",
            _STORE,
        ),
        Gate(
            suite,
            "parcela_pontuada_atencao",
            between,
            {"column": "parcela_pontuada", "min_value": USUAL_SCORED_SHARE},
            f"At least {USUAL_SCORED_SHARE:.0%} have.",
            _STORE,
            critical=False,
        ),
        Gate(
            suite,
            "scores_distintos",
            between,
            {"column": "maior_parcela_em_um_intervalo", "max_value": MAX_SHARE_IN_ONE_BIN},
            f"At most {MAX_SHARE_IN_ONE_BIN:.0%} of the scores lie within the same 20 points.",
            f"{_STORE} Then at the model: does it use what was delivered?",
        ),
    )
