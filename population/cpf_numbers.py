"""Unique valid CPFs without memory: a keyed permutation of eight digits, then the fiscal region's.

The ninth digit of a CPF is the fiscal region of its state (Receita Federal). Each region has 10**8
prefixes; a Feistel network over two four-digit halves permutes them, so that different ranks always give
different CPFs. Ranks from ``RESERVED_RANK`` on belong to nobody: orphans and spoilt clients use them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contracts.cpf import check_digits
from population.places import REGION_SHARES

IntArray = npt.NDArray[np.int64]

REGIONS = 10
RESERVED_RANK = 60_000_000
PATTERN_LENGTH = 1_000
_HALF = 10_000
_ROUNDS = 4
_POWERS = 10 ** np.arange(8, -1, -1)
_REPDIGIT_PREFIX = 11_111_111


class CpfIssuer:
    """Gives consumer i a fiscal region, in exact shares, and a CPF nobody else has."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(np.random.SeedSequence([seed, 0xC9F]))
        self._rounds = rng.integers(0, _HALF, (REGIONS, _ROUNDS, _HALF))
        quotas = np.floor(np.asarray(REGION_SHARES) * PATTERN_LENGTH).astype(np.int64)
        quotas[np.argmax(quotas)] += PATTERN_LENGTH - quotas.sum()
        self._quotas = quotas
        self._pattern = rng.permutation(np.repeat(np.arange(REGIONS), quotas))
        one_hot = self._pattern[:, None] == np.arange(REGIONS)
        self._rank_in_pattern = (one_hot.cumsum(axis=0) - 1)[np.arange(PATTERN_LENGTH), self._pattern]

    def regions(self, consumers: IntArray) -> IntArray:
        """Return the fiscal region digit of each consumer number."""
        return self._pattern[consumers % PATTERN_LENGTH]

    def cpfs(self, consumers: IntArray) -> npt.NDArray[np.bytes_]:
        """Return each consumer's CPF, eleven ASCII digits (dtype S11)."""
        region = self.regions(consumers)
        laps, position = np.divmod(consumers, PATTERN_LENGTH)
        return self._issue(region, laps * self._quotas[region] + self._rank_in_pattern[position])

    def reserved(self, numbers: IntArray) -> npt.NDArray[np.bytes_]:
        """Return valid CPFs that no consumer ever has, one for each number from 0 to 4 * 10**8."""
        rank, region = np.divmod(numbers, REGIONS)
        return self._issue(region, RESERVED_RANK + rank)

    def _issue(self, region: IntArray, rank: IntArray) -> npt.NDArray[np.bytes_]:
        repeated = region * _REPDIGIT_PREFIX  # eleven equal digits are never issued: left out on both sides
        prefix = self._permute(region, rank + (rank >= repeated))
        if (prefix == repeated).any():
            prefix = np.where(prefix == repeated, self._permute(region, repeated), prefix)
        nine = (prefix * 10 + region)[:, None] // _POWERS % 10
        digits = np.column_stack([nine, check_digits(nine)])
        return np.ascontiguousarray(digits.astype(np.uint8) + ord("0")).view("S11").ravel()

    def _permute(self, region: IntArray, rank: IntArray) -> IntArray:
        left, right = np.divmod(rank, _HALF)
        for turn in range(_ROUNDS):
            left, right = right, (left + self._rounds[region, turn, right]) % _HALF
        return left * _HALF + right


def spoil_check_digit(cpf: str, step: int) -> str:
    """Return the CPF with its last digit moved by ``step`` (1 to 9), hence wrong.

    >>> spoil_check_digit("52998224725", 1)
    '52998224726'
    """
    return cpf[:-1] + str((int(cpf[-1]) + step) % 10)
