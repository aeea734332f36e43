"""One check of the gate: a figure and its interval against a limit, with the sentence that says how it came out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from models.validation.intervals import NORMAL_QUANTILE, Interval
from models.validation.number_texts import decimal, interval

JOINT_QUANTILE = 3.0233
"""The normal distribution's quantile of 1 - 0.05 / (2 x 20): up to twenty limits at once hold together at 95%
(Bonferroni), so that a gate of many checks is no likelier to refuse a sound model than one of a single check."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was observed (None: no single figure), the least and the greatest allowed, and a sentence."""

    name: str
    passed: bool
    text: str
    observed: Interval | None = None
    at_least: float | None = None
    at_most: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the check as ``decisao.json`` holds it."""
        one = self.observed
        return {
            "nome": self.name,
            "passou": self.passed,
            "observado": None if one is None else {"valor": one.estimate, "de": one.low, "ate": one.high},
            "minimo": self.at_least,
            "maximo": self.at_most,
            "texto": self.text,
        }


def check_interval(  # noqa: PLR0913 - what is checked, and against what
    name: str,
    what: str,
    observed: Interval | None,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    joint: bool = True,
) -> Check:
    """Return the check of one figure: broken where its whole interval lies below or above what is allowed.

    The interval, of 95%, is widened to hold ``joint``ly with the other checks', unless the check stands by itself.

    >>> check_interval("x", "Erro", Interval(0.03, 0.018, 0.042), at_most=0.02, joint=False).text
    'Erro: 0,0300 (0,0180 a 0,0420), no máximo 0,02: dentro do limite.'
    >>> check_interval("x", "Erro", Interval(0.03, 0.022, 0.042), at_most=0.02).text
    'Erro: 0,0300 (0,0177 a 0,0485 em conjunto), no máximo 0,02: dentro do limite.'
    """
    bounds = (("no mínimo", at_least), ("no máximo", at_most))
    allowed = " e ".join(f"{word} {decimal(bound, 2)}" for word, bound in bounds if bound is not None)
    if observed is None:
        return Check(name, False, f"{what}: não pôde ser medido; {allowed}.", None, at_least, at_most)
    if joint:
        # Only a figure that may be below zero has a limit below zero.
        observed = widen(observed, lowest=-math.inf if at_least is not None and at_least < 0 else 0.0)
    figures = interval(observed).removesuffix(")") + (" em conjunto)" if joint else ")")
    below = at_least is not None and observed.high < at_least
    above = at_most is not None and observed.low > at_most
    verdict = "fora do limite" if below or above else "dentro do limite"
    return Check(name, not (below or above), f"{what}: {figures}, {allowed}: {verdict}.", observed, at_least, at_most)


def widen(observed: Interval, *, lowest: float = -math.inf) -> Interval:
    """Return an interval of 95% as wide as it must be to hold jointly with nineteen others, cut at what it can be.

    >>> widen(Interval(0.0, -1.96, 1.96))
    Interval(estimate=0.0, low=-3.0234, high=3.0234)
    """
    factor = JOINT_QUANTILE / NORMAL_QUANTILE
    low, high = (observed.estimate + factor * (end - observed.estimate) for end in (observed.low, observed.high))
    return Interval(observed.estimate, round(max(lowest, low), 4), round(high, 4))
