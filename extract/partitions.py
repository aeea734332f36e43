"""The cut of Base A's CPFs into contiguous ranges of near-equal size, computed by the database.

One query, the same on Oracle and PostgreSQL: rows are numbered along the CPF index and only those that
start a range come back. Bounds are CPFs: they are never logged.
"""

from __future__ import annotations

import re
from itertools import pairwise

import sqlalchemy as sa

from contracts.extraction import CpfRange
from contracts.tables import CLIENTE
from extract.base_a import Query
from extract.erased import Erased
from extract.relational_tables import relation_of
from extract.store_errors import reading_engine

CHECK_DIGITS = 2
_USABLE_BOUND = re.compile(r"[0-9]{11}")


def boundary_query(range_size: int) -> Query:
    """Return the query of the CPFs that start each range but the first.

    With n clients and k = ceil(n / range_size) ranges, client i (from 0) lies in range floor(i * k / n), and
    starts it where i * k mod n < k: sizes differ by one at most.
    """
    cliente = relation_of(CLIENTE)
    numbered = (
        sa.select(
            cliente.c.cpf,
            (sa.func.row_number().over(order_by=cliente.c.cpf) - 1).label("posicao"),
            sa.select(sa.func.count(cliente.c.cpf)).scalar_subquery().label("total"),
        )
        .where(cliente.c.cpf.is_not(None))
        .subquery("numerados")
    )
    ranges = (numbered.c.total + (range_size - 1)) // range_size
    counted = sa.select(numbered.c.cpf, numbered.c.posicao, numbered.c.total, ranges.label("faixas")).subquery(
        "contados"
    )
    return (
        sa.select(counted.c.cpf)
        .where(counted.c.posicao > 0, (counted.c.posicao * counted.c.faixas) % counted.c.total < counted.c.faixas)
        .order_by(counted.c.cpf)
    )


def plan_ranges(base_a: sa.Engine, *, range_size: int, erased: Erased | None = None) -> tuple[CpfRange, ...]:
    """Return contiguous ranges of about ``range_size`` clients that together hold every possible CPF.

    The first has no lower bound and the last no upper one; an empty base gives one range without bounds.
    Only well-formed CPFs serve as bounds: digits sort alike under every store's collation. An erased person's does
    not: what comes before its check digits stands in its place.
    """
    with reading_engine(base_a), base_a.connect() as connection:
        found = connection.execute(boundary_query(range_size)).scalars().all()
    usable = {str(cpf) for cpf in found if _USABLE_BOUND.fullmatch(str(cpf))}
    bounds = sorted(bound_before(cpf) if erased is not None and erased.is_cpf(cpf) else cpf for cpf in usable)
    edges = [None, *bounds, None]
    return tuple(CpfRange(index, lower, upper) for index, (lower, upper) in enumerate(pairwise(edges)))


def bound_before(cpf: str) -> str:
    """Return a bound in the place of a CPF that may not be kept: the number without its check digits.

    The CPF stays in the range that it began, and no other valid one lies between.

    >>> bound_before("01234567890")
    '012345678'
    """
    return cpf[:-CHECK_DIGITS]
