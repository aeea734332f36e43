"""Reasons are the exact parts of each score, and the model is described in public from the model itself.

Lei 12.414 art. 5 IV; LGPD art. 20 §1; Tema 710 STJ.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import httpx
import numpy as np
import pytest

from contracts.regime import Regime
from contracts.score_scale import MAX_REASONS, band_of
from features.catalog import FEATURES
from models.points.scaling import ScoreScale
from serve.app import create_app_b
from tests.api_server import caller, running
from tests.extract_samples import insert
from tests.law.conftest import AS_OF
from tests.law_samples import everything_table, judge_stores, query

BASE_POINTS = everything_table().base_points
TEXTS = {feature.code: {"reduz": feature.text_lowers, "aumenta": feature.text_raises} for feature in FEATURES}


@pytest.fixture(scope="module")
def url(published) -> Iterator[str]:
    with running(create_app_b(published.settings)) as url:
        yield url


def test_base_and_all_contributions_are_the_score_and_its_reasons_the_strongest_of_them(published):
    """Lei 12.414 art. 5 IV: exact, in integers, for every consumer; nothing where there is no score."""
    scores, contributions = published.judged.scores.to_pylist(), published.judged.contributions.to_pylist()
    for row, parts in zip(scores, contributions, strict=True):
        if row["status"] != "OK":
            assert (row["score"], row["score_bruto"], row["motivos"], set(parts.values())) == (None, None, [], {None})
            continue
        assert row["score_bruto"] == BASE_POINTS + sum(parts.values())
        assert row["score"] == min(max(row["score_bruto"], 0), 1000)
        assert row["faixa"] == band_of(row["score"]).value
        strongest = sorted((-abs(points), code) for code, points in parts.items() if points)[:MAX_REASONS]
        assert [(r["codigo"], r["pontos"]) for r in row["motivos"]] == [(code, parts[code]) for _, code in strongest]
    assert {row["status"] for row in scores} == {"OK", "DADOS_INSUFICIENTES"}


def test_every_score_is_served_with_its_reasons_in_words_of_the_right_direction(published, url):
    """LGPD art. 20 §1: the criteria, in Portuguese, for the consumer's own points."""
    with caller(url, published.settings, "score:ler") as client:
        for row in published.judged.scores.to_pylist():
            served = client.get(f"/clientes/{row['cliente_id']}/score").json()["motivos"]
            assert [{name: reason[name] for name in ("codigo", "pontos")} for reason in served] == row["motivos"]
            for reason in served:
                assert reason["direcao"] == ("aumenta" if reason["pontos"] > 0 else "reduz")
                assert reason["texto"] == TEXTS[reason["codigo"]][reason["direcao"]]


def test_the_score_is_linear_in_the_log_odds_and_never_rises_with_the_probability():
    """For every integer that a score can be, clipped or not."""
    scale, raw = ScoreScale(), np.arange(-400, 1600)
    probability = scale.probability(raw).astype(np.float64)
    log_odds = np.log((1 - probability) / probability)
    points = scale.base_points + scale.pdo / np.log(2) * (log_odds - np.log(scale.base_odds))
    assert np.abs(points - raw)[np.abs(log_odds) < 12].max() < 0.05  # a float32's last digit, in points
    assert (np.diff(probability) <= 0).all()


@pytest.mark.parametrize("regime", list(Regime))
def test_anybody_may_read_what_the_model_is_and_which_law_binds_it(published, regime):
    """Lei 12.414 art. 5 IV: no token; the text that was made from the model in force, under the regime set."""
    with running(create_app_b(published.settings.model_copy(update={"regime": regime}))) as url:
        answer = httpx.get(f"{url}/modelo")
    assert answer.status_code == 200
    assert answer.json() == {
        "modelo": {"nome": published.run.modelo_nome, "versao": published.run.modelo_versao},
        "horizonte_meses": 12,
        "regime": regime.value,
        "base_legal": regime.legal_basis,
        "descricao": published.run.modelo_descricao,
    }
    assert ("7º-A" in answer.json()["base_legal"]) == (regime is Regime.LENDER)


def test_before_the_first_run_there_is_no_model_to_describe(installation):
    with running(create_app_b(installation)) as url:
        answer = httpx.get(f"{url}/modelo")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_stricter_rules_hold_for_a_lender_too(published):
    """LGPD art. 6 III, 21 and 46: what Lei 12.414 art. 4 and 7-A II-III would let go of, these keep."""
    lender, cpf = published.settings.model_copy(update={"regime": Regime.LENDER}), published.cpf(1)
    insert(lender, {"consultas": [query(cpf, datetime(2025, 6, 20, hour), "titular") for hour in range(20)]})
    assert judge_stores(lender, AS_OF).of(cpf) == published.judged.of(cpf)
    with running(create_app_b(lender)) as url, caller(url, lender, "score:ler") as client:
        assert client.get("/clientes/c1/score").status_code == 200
        assert client.get("/clientes/c1/score-data").status_code == 403
