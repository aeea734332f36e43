"""Numbers as a Brazilian reader writes them: comma before the decimals, points between thousands."""

from __future__ import annotations

from models.validation.intervals import Interval

NOTHING = "-"
"""Stands where a figure does not exist."""

_SWAP = str.maketrans(",.", ".,")


def whole(number: int | None) -> str:
    """Return an integer.

    >>> whole(1234567), whole(None)
    ('1.234.567', '-')
    """
    return NOTHING if number is None else f"{number:,}".translate(_SWAP)


def decimal(value: float | None, digits: int = 4) -> str:
    """Return a number with so many decimals.

    >>> decimal(0.81239), decimal(-1234.5, 1), decimal(-0.00001)
    ('0,8124', '-1.234,5', '0,0000')
    """
    if value is None:
        return NOTHING
    rounded = round(value, digits) + 0.0
    return f"{rounded:,.{digits}f}".translate(_SWAP)


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share as a percentage.

    >>> percent(0.1234)
    '12,3%'
    """
    return NOTHING if share is None else f"{decimal(100 * share, digits)}%"


def signed(points: int) -> str:
    """Return points with their sign.

    >>> signed(12), signed(-3), signed(0)
    ('+12', '-3', '0')
    """
    return f"{points:+d}" if points else "0"


def interval(found: Interval | None, digits: int = 4) -> str:
    """Return a figure with the ends of its interval.

    >>> interval(Interval(0.8, 0.79, 0.81), 2)
    '0,80 (0,79 a 0,81)'
    """
    if found is None:
        return NOTHING
    return f"{decimal(found.estimate, digits)} ({decimal(found.low, digits)} a {decimal(found.high, digits)})"


def percent_interval(found: Interval | None, digits: int = 1) -> str:
    """Return a share with the ends of its interval, as percentages.

    >>> percent_interval(Interval(0.8, 0.79, 0.81))
    '80,0% (79,0 a 81,0)'
    """
    if found is None:
        return NOTHING
    low, high = (decimal(100 * end, digits) for end in (found.low, found.high))
    return f"{percent(found.estimate, digits)} ({low} a {high})"
