"""Pooling of neighbouring cells: isotonic, by adjacent violators, and optimal, by penalised likelihood.

Enter counts of cells in the order of a feature's values; leave the first cells of the pooled blocks. Both are
exact and deterministic, on some sixty cells whatever the number of rows.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.float64]


def pool_adjacent_violators(bads: Counts, totals: Counts) -> list[int]:
    """Return the first cell of each block such that bad rates never fall from block to block.

    Blocks are the maximum-likelihood non-decreasing fit (Ayer et al., 1955). Every total must be above zero.

    >>> pool_adjacent_violators(np.array([1.0, 3.0, 2.0, 9.0]), np.array([10.0, 10.0, 10.0, 10.0]))
    [0, 1, 3]
    """
    blocks: list[tuple[int, float, float]] = []
    for first, (bad, total) in enumerate(zip(bads.tolist(), totals.tolist(), strict=True)):
        start = first
        while blocks and blocks[-1][1] * total >= bad * blocks[-1][2]:
            start, pooled_bad, pooled_total = blocks.pop()
            bad, total = bad + pooled_bad, total + pooled_total  # noqa: PLW2901 - the block grows backwards
        blocks.append((start, bad, total))
    return [start for start, _, _ in blocks]


def merge_optimally(bads: Counts, totals: Counts, *, min_rows: float, penalty: float) -> list[int]:
    """Return the first cell of each block of the contiguous grouping with the best penalised log-likelihood.

    Every block has at least ``min_rows`` rows, at least one bad and one good; each costs ``penalty`` nats. Merging
    the blocks of ``pool_adjacent_violators`` keeps their order, so the result of both is monotone. One block
    holds all where no other grouping is allowed.
    """
    cells = len(totals)
    sum_bads, sum_totals = np.concatenate([[0.0], np.cumsum(bads)]), np.concatenate([[0.0], np.cumsum(totals)])
    best, previous = [0.0], [0]
    for end in range(1, cells + 1):
        bad, total = sum_bads[end] - sum_bads[:end], sum_totals[end] - sum_totals[:end]
        allowed = (total >= min_rows) & (bad > 0) & (bad < total)
        gain = np.where(allowed, _log_likelihood(bad, total) - penalty + np.array(best), -math.inf)
        start = int(np.argmax(gain))
        best.append(float(gain[start]))
        previous.append(start)
    if not math.isfinite(best[-1]):
        return [0]
    starts = [previous[cells]]
    while starts[-1] > 0:
        starts.append(previous[starts[-1]])
    return starts[::-1]


def isotonic_values(values: Counts, weights: Counts) -> Counts:
    """Return the non-decreasing values nearest to ``values`` by weighted least squares."""
    blocks: list[tuple[float, float, int]] = []
    for item, item_weight in zip(values.tolist(), weights.tolist(), strict=True):
        value, weight, length = item, item_weight, 1
        while blocks and blocks[-1][0] > value:
            last, last_weight, last_length = blocks.pop()
            value = (value * weight + last * last_weight) / (weight + last_weight)
            weight, length = weight + last_weight, length + last_length
        blocks.append((value, weight, length))
    return np.repeat([value for value, _, _ in blocks], [length for _, _, length in blocks])


def _log_likelihood(bad: Counts, total: Counts) -> Counts:
    """Return the binomial log-likelihood of blocks at their own bad rates; a pure block has 0."""
    good = total - bad
    with np.errstate(divide="ignore", invalid="ignore"):
        both = bad * np.log(bad / total) + good * np.log(good / total)
    return np.where((bad > 0) & (good > 0), both, 0.0)
