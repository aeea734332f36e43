"""The true probability is the real one: outcomes read from the tables agree with it, decile by decile."""

from datetime import date

import numpy as np
import numpy.typing as npt
import pytest

from contracts.reference_date import add_months
from population.default_probability import (
    LONG_ELIGIBLE_SHARE,
    SHORT_ELIGIBLE_SHARE,
    TERM_WEIGHTS,
    debt_rates,
    default_probabilities,
    season_of,
)
from population.generate import generate_blocks
from population.latent import STATES, LatentRisk, transition_matrices
from population.months import MonthGrid
from population.parameters import PopulationParameters

AS_OF = date(2025, 6, 30)
DATES = (date(2022, 12, 31), date(2023, 8, 31), date(2024, 3, 31))


def _outcomes(block, day: date) -> dict[str, bool]:
    debts = block.tables["divida"]
    due = np.array(debts["vencimento"]).astype("datetime64[D]")
    paid = np.array(debts["baixada_em"]).astype("datetime64[D]")
    inside = (due > np.datetime64(day)) & (due <= np.datetime64(add_months(day, 12)))
    unpaid = np.isnat(paid) | ((paid - due).astype(int) > 90)
    bad = inside & unpaid & (np.array(debts["valor"].cast("float64")) >= 100)
    found = dict.fromkeys(block.tables["cliente"]["id"].to_pylist(), False)
    found.update(dict.fromkeys(debts["cliente_id"].filter(bad).to_pylist(), True))
    return found


@pytest.fixture(scope="module")
def judged() -> dict[date, tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]]:
    pairs: dict[date, list[tuple[float, bool]]] = {day: [] for day in DATES}
    for block in generate_blocks(PopulationParameters(24_000, 3, AS_OF)):
        truth = block.truth.to_pydict()
        for day in DATES:
            outcomes = _outcomes(block, day)
            columns = zip(truth["cliente_id"], truth["data_referencia"], truth["probabilidade"], strict=True)
            pairs[day] += [(chance, outcomes[client]) for client, at, chance in columns if at == day]
    return {day: (np.array([p for p, _ in rows]), np.array([b for _, b in rows])) for day, rows in pairs.items()}


@pytest.mark.parametrize("day", DATES)
def test_outcomes_agree_with_the_probability_overall_and_by_decile(judged, day):
    chance, bad = judged[day]
    for part in (np.arange(len(chance)), *np.array_split(np.argsort(chance, kind="stable"), 10)):
        error = np.sqrt((chance[part] * (1 - chance[part])).sum())
        assert abs(bad[part].sum() - chance[part].sum()) < 3.5 * error + 0.5


@pytest.mark.parametrize("day", DATES)
def test_prevalence_and_separation_are_those_aimed_at(judged, day):
    chance, bad = judged[day]
    assert 0.12 < bad.mean() < 0.20
    ranks = chance.argsort(kind="stable").argsort()
    positives = int(bad.sum())
    area = (ranks[bad].sum() - positives * (positives - 1) / 2) / (positives * (len(bad) - positives))
    assert 0.80 < area < 0.90


def test_recursion_equals_a_simulation_from_one_state():
    """One consumer, two debts already contracted, 60,000 simulated futures from each of two states."""
    grid = MonthGrid(date(2024, 5, 31), 1)
    rng = np.random.default_rng(1)
    trait = np.array([0.8])
    rates = debt_rates(trait, np.array([2.5]))
    transition = transition_matrices(trait)
    contracted = np.zeros((1, grid.count, 6), dtype=np.int64)
    contracted[0, grid.first, 0] = 1
    contracted[0, grid.first - 1, 3] = 1
    for state in (0, 3):
        states = np.full((1, grid.count), state)
        exact = default_probabilities(LatentRisk(trait, transition, states), rates, contracted, grid)[0, 0]
        simulated = _simulate(rng, grid, state=state, transition=transition[0], rates=rates)
        assert exact == pytest.approx(simulated.mean(), abs=4 * simulated.std() / np.sqrt(len(simulated)))


def _simulate(rng, grid, *, state, transition, rates, runs=60_000):
    season = season_of(grid.calendar_months)
    due = np.zeros((runs, 20), dtype=np.int64)
    due[:, 1] += 1
    due[:, 3] += 1
    current = np.full(runs, state)
    failed = np.zeros(runs, dtype=bool)
    for lag in range(1, 13):
        draws = rng.random(runs)
        current = np.minimum((transition[current].cumsum(axis=1) < draws[:, None]).sum(axis=1), STATES - 1)
        failed |= rng.binomial(due[:, lag], rates.unpaid[0][current]) > 0
        made = rng.poisson(rates.long_rate[0] * season[grid.first + lag] * LONG_ELIGIBLE_SHARE, runs)
        for term, weight in enumerate(TERM_WEIGHTS / TERM_WEIGHTS.sum(), start=1):
            taken = rng.binomial(
                made, min(weight / max((TERM_WEIGHTS[term - 1 :] / TERM_WEIGHTS.sum()).sum(), 1e-9), 1)
            )
            due[:, lag + term] += taken
            made = made - taken
        due[:, lag + 1] += rng.poisson(rates.short_rate[0][current] * SHORT_ELIGIBLE_SHARE)
    return failed


def test_who_never_contracts_never_defaults():
    grid = MonthGrid(AS_OF, 2)
    trait = np.array([3.0])
    risk = LatentRisk(trait, transition_matrices(trait), np.full((1, grid.count), STATES - 1))
    none = np.zeros((1, grid.count, 6), dtype=np.int64)
    assert (default_probabilities(risk, debt_rates(trait, np.zeros(1)), none, grid) == 0).all()


def test_transitions_are_probabilities_for_extreme_traits():
    matrices = transition_matrices(np.linspace(-8, 8, 33))
    assert np.allclose(matrices.sum(axis=2), 1)
    assert (matrices >= 0).all()
