"""Proxies: inputs that tell, short of being a copy, what no model may know (Lei 12.414 art. 3 §3, art. 7-A I).

Enter the inputs of the training rows and the attributes that are read only to be measured; leaves what each input
tells of each attribute, as the AUC of guessing one of its values from the input's cells and as the share of the
uncertainty taken away (``training.copies``, where a copy is refused). What tells too much is reported for people to
judge: age tells of marital status and is lawful. Inputs that tell nothing alone may tell together, so a small
boosting guesses from all of them at once, and is judged on consumers that it has not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from contracts.feature_terms import InputType
from models.inputs import InputFeature
from models.training.copies import CHECKED_ROWS, KEY, MAX_TOLD_SHARE, MIN_CELL_ROWS, Codes, told_share, value_cells
from models.training.data import input_column
from models.validation.evaluate import Floats, Integers, auc_of
from models.validation.intervals import REPLICATES, Interval, Resampling, auc_replicates, normal_interval

MAX_AUC = 0.65
"""An input that guesses a value of a protected attribute better than this is reported (our rule): of two consumers
who differ in it, the guess then puts the right one first twice in three times."""

NAMED = 3
"""Inputs named of each attribute even where none exceeds the limit: the reader sees how near they come."""

ALL_INPUTS = "todas"
"""Name of the finding about all inputs together."""

JOINT_ROWS = 20_000
"""Consumers, at most, of the joint check."""

JOINT_FOLDS = 3
JOINT_OPTIONS = {"max_iter": 60, "max_leaf_nodes": 15, "learning_rate": 0.1, "min_samples_leaf": 40}
"""A small boosting: what it finds in seconds, a bigger one would find somewhat more of (our choice)."""


class Verdict(StrEnum):
    """What became of an input that was looked at."""

    REFUSED = "recusada"
    REPORTED = "relatada"
    WITHIN = "dentro_do_limite"


@dataclass(frozen=True, slots=True)
class ProxyFinding:
    """What an input, or all together, tells of an attribute, at the value of it that is guessed best.

    ``told_share`` and its limit are None of the joint check, which has no single set of cells.
    """

    feature: str
    attribute: str
    value: str
    rows: int
    auc: Interval
    auc_limit: float
    told_share: float | None
    told_limit: float | None
    verdict: Verdict


def find_proxies(
    table: pa.Table, inputs: Sequence[InputFeature], protected: pa.Table, *, seed: int = 1
) -> tuple[ProxyFinding, ...]:
    """Return, by attribute, the joint finding, then what exceeds a limit and at least ``NAMED`` inputs, worst first.

    ``table`` holds ``cpf`` and the inputs, of which each consumer's first row is looked at; ``protected`` one row a
    consumer: ``cpf``, then the attributes as text, null where unknown. An attribute of which no two values are common
    enough is left out.
    """
    checked = _first_rows(table)
    place = pc.index_in(checked[KEY], value_set=protected[KEY])
    cells = {f: value_cells(input_column(checked, f), f.dtype) for f in inputs}
    found: list[ProxyFinding] = []
    for attribute in (name for name in protected.column_names if name != KEY):
        values = protected[attribute].take(place).combine_chunks()
        of_each = sorted(
            (one for f in inputs if (one := _find_in_cells(f.name, attribute, cells[f], values, seed=seed))),
            key=lambda one: (-one.auc.estimate, one.feature),
        )
        named = [one for i, one in enumerate(of_each) if i < NAMED or one.verdict is not Verdict.WITHIN]
        found += [*_find_jointly(checked, inputs, attribute, values, seed=seed), *named]
    return tuple(found)


def _first_rows(table: pa.Table) -> pa.Table:
    """Return the first row of at most ``CHECKED_ROWS`` consumers, evenly spaced."""
    _, first = np.unique(table[KEY].to_numpy(zero_copy_only=False), return_index=True)
    step = max(1, len(first) // CHECKED_ROWS)
    return table.take(pa.array(np.sort(first)[::step]))


def _common_values(values: pa.Array) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Yield each value that is common enough to be judged, in order, and which of the known rows have it."""
    known = values.drop_null()
    counts = {item["values"]: item["counts"] for item in pc.value_counts(known).to_pylist()}
    for value in sorted(counts):
        if counts[value] >= MIN_CELL_ROWS and len(known) - counts[value] >= MIN_CELL_ROWS:
            yield value, pc.equal(known, value).to_numpy(zero_copy_only=False)


def _find_in_cells(feature: str, attribute: str, cells: Codes, values: pa.Array, *, seed: int) -> ProxyFinding | None:
    """Return what an input's cells tell of the value that they guess best; None where no value is common enough."""
    known = cells[pc.is_valid(values).to_numpy(zero_copy_only=False)]
    guesses = [(value, _ordered_counts(known, having)) for value, having in _common_values(values)]
    if not guesses:
        return None
    value, counts = max(guesses, key=lambda guess: float(auc_of(guess[1]).mean()))
    auc = float(auc_of(counts).mean())
    # One row a consumer: a Poisson weight a row makes the counts of each cell Poisson.
    drawn = np.random.default_rng(seed).poisson(counts, (REPLICATES, *counts.shape)).astype(np.float64)
    interval = normal_interval(auc, auc_of(drawn).mean(axis=-1), lowest=0.0, highest=1.0)
    assert interval is not None
    told = told_share(cells, pa.chunked_array([values]))
    return ProxyFinding(
        feature=feature,
        attribute=attribute,
        value=value,
        rows=len(known),
        auc=interval,
        auc_limit=MAX_AUC,
        told_share=round(told, 8),
        told_limit=MAX_TOLD_SHARE,
        verdict=_judge(auc, told),
    )


def _ordered_counts(cells: Codes, having: npt.NDArray[np.bool_]) -> Floats:
    """Return rows without and with a value by cell, of each half of the rows: shape (2, cells, 2).

    The cells of a half are in the order of the value's share in the other half, the greatest first: an order learnt
    from the very rows that it is judged by would find something in noise.
    """
    half, size = np.arange(len(cells)) % 2, int(cells.max()) + 1
    code = (half * size + cells) * 2 + having
    counts = np.bincount(code, minlength=4 * size).reshape(2, size, 2).astype(np.float64)
    rows = counts.sum(axis=-1)
    share = np.divide(counts[..., 1], rows, out=np.full(rows.shape, having.mean()), where=rows > 0)
    return np.stack([counts[i][np.argsort(-share[1 - i], kind="stable")] for i in range(2)])


def _judge(auc: float, told: float) -> Verdict:
    if told > MAX_TOLD_SHARE:
        return Verdict.REFUSED
    return Verdict.REPORTED if auc > MAX_AUC else Verdict.WITHIN


def _find_jointly(
    checked: pa.Table, inputs: Sequence[InputFeature], attribute: str, values: pa.Array, *, seed: int
) -> list[ProxyFinding]:
    """Return what all inputs together tell of an attribute's best-guessed value, on consumers not learnt from."""
    known = np.flatnonzero(pc.is_valid(values).to_numpy(zero_copy_only=False))
    known = known[:: max(1, len(known) // JOINT_ROWS)]
    common = list(_common_values(values.take(pa.array(known))))
    if not common:
        return []
    rows = checked.take(pa.array(known))
    target = np.full(len(known), len(common))
    for code, (_, having) in enumerate(common):
        target[having] = code
    chances = _guess(rows, inputs, target, seed=seed)
    resampling = Resampling(np.arange(len(known)), seed=seed)
    found = []
    for code, (value, having) in enumerate(common):
        interval = normal_interval(*auc_replicates(having, -chances[:, code], resampling), lowest=0.0, highest=1.0)
        assert interval is not None
        verdict = _judge(interval.estimate, 0.0)
        found.append(ProxyFinding(ALL_INPUTS, attribute, value, len(known), interval, MAX_AUC, None, None, verdict))
    return [max(found, key=lambda one: one.auc.estimate)]


def _guess(rows: pa.Table, inputs: Sequence[InputFeature], target: Integers, *, seed: int) -> Floats:
    """Return each row's chance of each value, by a boosting that has not learnt from it: (rows, values)."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - slow to import, only trained here

    matrix = np.stack([_matrix_column(rows, feature) for feature in inputs], axis=1)
    fold = np.arange(len(target)) % JOINT_FOLDS
    chances = np.zeros((len(target), int(target.max()) + 1))
    for number in range(JOINT_FOLDS):
        judged = fold == number
        estimator = HistGradientBoostingClassifier(early_stopping=False, random_state=seed, **JOINT_OPTIONS)
        with threadpool_limits(1):
            estimator.fit(matrix[~judged], target[~judged])
            chances[np.ix_(judged, estimator.classes_)] = estimator.predict_proba(matrix[judged])
    return chances


def _matrix_column(rows: pa.Table, feature: InputFeature) -> Floats:
    """Return a number as it is, a category as the place of its common value; NaN where missing."""
    column = input_column(rows, feature)
    if feature.dtype is InputType.CATEGORY:
        return value_cells(column, feature.dtype).astype(np.float64)
    values: Floats = column.to_numpy(zero_copy_only=False)
    return values
