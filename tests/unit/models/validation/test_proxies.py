"""Guards the proxy check: what tells too much is reported, alone or together, and noise is not."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from contracts.feature_terms import InputType, RiskDirection
from models.inputs import InputFeature
from models.validation.proxies import ALL_INPUTS, MAX_AUC, NAMED, ProxyFinding, Verdict, find_proxies

ROWS = 3_000
NAMES = ("ruido_0", "ruido_1", "ruido_2", "estado", "fraca", "copia", "metade_a", "metade_b")


def make_input(name: str) -> InputFeature:
    kind = InputType.CATEGORY if name == "estado" else InputType.NUMBER
    return InputFeature(
        name=name, code=name.upper(), dtype=kind, direction=RiskDirection.FREE, text_raises="", text_lowers=""
    )


@pytest.fixture(scope="module")
def tables() -> tuple[pa.Table, pa.Table]:
    rng = np.random.default_rng(3)
    woman = rng.random(ROWS) < 0.5
    half = rng.normal(size=ROWS)
    sign = np.where(woman, 1, -1)
    cpf = pa.array([f"{number:011d}" for number in range(ROWS)])
    rows = pa.table(
        {
            "cpf": cpf,
            **{f"ruido_{i}": rng.normal(size=ROWS) for i in range(3)},
            "estado": pa.array(rng.choice(["SP", "RJ", "AC"], ROWS), mask=rng.random(ROWS) < 0.1),
            "fraca": pa.array(sign + 1.5 * rng.normal(size=ROWS), mask=rng.random(ROWS) < 0.1),
            "copia": sign + 0.3 * rng.normal(size=ROWS),
            "metade_a": half,
            "metade_b": sign * half + 0.3 * rng.normal(size=ROWS),
        }
    )
    sex = pa.array(np.where(woman, "F", "M"), mask=rng.random(ROWS) < 0.05)
    return rows, pa.table({"cpf": cpf, "sexo": sex})


def find(tables: tuple[pa.Table, pa.Table], *names: str) -> dict[str, ProxyFinding]:
    found = find_proxies(tables[0], [make_input(name) for name in names], tables[1], seed=1)
    return {one.feature: one for one in found}


def test_each_input_gets_the_verdict_that_it_deserves(tables):
    found = find(tables, *NAMES)
    assert found["copia"].verdict is Verdict.REFUSED
    assert found["copia"].told_share > found["copia"].told_limit
    assert found["fraca"].verdict is Verdict.REPORTED
    assert MAX_AUC < found["fraca"].auc.low < found["fraca"].auc.estimate < 0.85
    assert found[ALL_INPUTS].verdict is Verdict.REPORTED
    assert set(found) == {ALL_INPUTS, "copia", "fraca", *list(found)[3:]}
    assert len(found) == 1 + NAMED


def test_inputs_that_tell_only_together_are_seen(tables):
    found = find(tables, "ruido_0", "metade_a", "metade_b")
    assert all(found[name].verdict is Verdict.WITHIN for name in ("ruido_0", "metade_a", "metade_b"))
    assert found[ALL_INPUTS].auc.low > MAX_AUC
    assert found[ALL_INPUTS].verdict is Verdict.REPORTED
    assert found[ALL_INPUTS].told_share is None


def test_noise_tells_nothing_however_many_cells_it_has(tables):
    found = find(tables, "ruido_0", "ruido_1", "ruido_2", "estado")
    assert all(0.45 < one.auc.estimate < 0.55 for one in found.values())
    assert all(one.verdict is Verdict.WITHIN for one in found.values())


def test_a_consumer_seen_at_several_dates_is_not_remembered(tables):
    """The same rows thrice would let a boosting look up whom it has learnt."""
    rows, protected = tables
    thrice = pa.concat_tables([rows.select(["cpf", "ruido_0", "ruido_1"])] * 3)
    found = find((thrice, protected), "ruido_0", "ruido_1")
    assert found[ALL_INPUTS].auc.estimate < 0.55
    assert found["ruido_0"].rows <= ROWS


def test_an_attribute_of_one_value_is_left_out(tables):
    rows, protected = tables
    same = pa.table({"cpf": protected["cpf"], "sexo": pa.array(["F"] * ROWS), "raca": pa.nulls(ROWS, pa.string())})
    assert find_proxies(rows, [make_input("ruido_0")], same) == ()
