"""The latent risk process: a fixed trait and a hidden monthly state, from calm (0) to insolvent (4).

The state is a Markov chain whose steps up and down depend on the trait; it starts from the chain's own
long-run distribution. Everything that a consumer does in a month depends on the state of that month and
on the trait, and the probability of default follows from both (``default_probability``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

STATES = 5
DISTRESSED = 3
"""From this state on, incomes break off and assets are sold."""

_UP = np.array([0.022, 0.019, 0.020, 0.017])
_DOWN = np.array([0.050, 0.046, 0.037, 0.040])
_TRAIT_ON_STEPS = 0.45
_SHOCK = 0.0035
_TRAIT_ON_SHOCKS = 0.35
_MAX_STEP = 0.30
_LONG_RUN_SQUARINGS = 8

_NOISE_WEIGHT = 0.62
_AGE_WEIGHT = 0.15
_INCOME_WEIGHT = 0.75


@dataclass(frozen=True, slots=True)
class LatentRisk:
    """The risk behind n consumers over k months: trait (n,), transition (n, 5, 5), states (n, k)."""

    trait: FloatArray
    transition: FloatArray
    states: IntArray


def draw_trait(rng: np.random.Generator, age: FloatArray, income_score: FloatArray) -> FloatArray:
    """Return each consumer's risk trait, about standard normal: the young and the poor tend to more."""
    noise = rng.standard_normal(len(age))
    return _NOISE_WEIGHT * noise - _AGE_WEIGHT * (age - 44.0) / 17.0 - _INCOME_WEIGHT * income_score


def transition_matrices(trait: FloatArray) -> FloatArray:
    """Return each consumer's monthly transition matrix, shape ``(n, 5, 5)``: rows from, columns to."""
    up = np.minimum(_UP * np.exp(_TRAIT_ON_STEPS * trait)[:, None], _MAX_STEP)
    down = np.minimum(_DOWN * np.exp(-_TRAIT_ON_STEPS * trait)[:, None], _MAX_STEP)
    shock = np.minimum(_SHOCK * np.exp(_TRAIT_ON_SHOCKS * trait), _MAX_STEP / 2)
    matrix = np.zeros((len(trait), STATES, STATES))
    for state in range(STATES):
        if state + 1 < STATES:
            matrix[:, state, state + 1] = up[:, state]
        if state + 2 < STATES:
            matrix[:, state, state + 2] = shock
        if state > 0:
            matrix[:, state, state - 1] = down[:, state - 1]
        matrix[:, state, state] = 1.0 - matrix[:, state].sum(axis=1)
    return matrix


def draw_latent_risk(rng: np.random.Generator, trait: FloatArray, months: int) -> LatentRisk:
    """Return the hidden states of ``months`` months, started from the long-run distribution."""
    transition = transition_matrices(trait)
    long_run = transition
    for _ in range(_LONG_RUN_SQUARINGS):
        long_run = long_run @ long_run
    draws = rng.random((months, len(trait)))
    states = np.empty((len(trait), months), dtype=np.int64)
    states[:, 0] = _pick(long_run[:, 0], draws[0])
    everyone = np.arange(len(trait))
    for month in range(1, months):
        states[:, month] = _pick(transition[everyone, states[:, month - 1]], draws[month])
    return LatentRisk(trait, transition, states)


def _pick(probabilities: FloatArray, draws: FloatArray) -> IntArray:
    passed: IntArray = (probabilities.cumsum(axis=1) < draws[:, None]).sum(axis=1)
    return np.minimum(passed, STATES - 1)
