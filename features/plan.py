"""The catalog's expressions as trees, parsed once: what is evaluated over a family's rows, then over its consumers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from contracts.errors import UsageError
from features.catalog import Catalog
from features.declaration import Family, Measure, RowColumn
from features.syntax import Call, Fold, Node, parse

NamedNode = tuple[str, Node]
NamedFold = tuple[str, Fold]


@dataclass(frozen=True, slots=True)
class FamilyPlan:
    """One family: which rows count, the values of each, their folds a consumer, and what is derived from folds."""

    name: str
    table: str
    row_filter: Node
    row_columns: tuple[NamedNode, ...]
    folds: tuple[NamedFold, ...]
    derived: tuple[NamedNode, ...]


@dataclass(frozen=True, slots=True)
class CatalogPlan:
    """All families, the one row a consumer first, and each feature's value in its type."""

    families: tuple[FamilyPlan, ...]
    features: tuple[Node, ...]


@lru_cache(maxsize=8)
def plan_catalog(catalog: Catalog) -> CatalogPlan:
    """Return a catalog's plan; UsageError names a measure that is not one aggregate over rows."""
    texts = [sql for family in catalog.families for sql in _expressions(family)]
    nodes = iter(parse([*texts, *(feature.formula for feature in catalog.features)]))
    families = tuple(_plan_family(family, nodes) for family in catalog.families)
    casts = {"double": "cast as double", "text": "cast as varchar"}
    return CatalogPlan(families, tuple(Call(casts[f.dtype], (next(nodes),)) for f in catalog.features))


def _expressions(family: Family) -> tuple[str, ...]:
    return (family.row_filter, *(item.sql for item in family.declared))


def _plan_family(family: Family, nodes: Iterator[Node]) -> FamilyPlan:
    return FamilyPlan(
        name=family.name,
        table=family.table.name,
        row_filter=next(nodes),
        row_columns=_named(family.row_columns, nodes),
        folds=tuple((name, _checked_fold(name, node)) for name, node in _named(family.measures, nodes)),
        derived=_named(family.derived, nodes),
    )


def _named(items: Sequence[RowColumn | Measure], nodes: Iterator[Node]) -> tuple[NamedNode, ...]:
    return tuple((item.name, next(nodes)) for item in items)


def _checked_fold(name: str, node: Node) -> Fold:
    if not isinstance(node, Fold):
        raise UsageError(f"{name}: a measure is one aggregate of rows")
    return node
