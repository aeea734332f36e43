"""The catalog: every feature, collected from its family's module, checked, with sources read off its SQL.

What leaves: ``FAMILIES``, ``FEATURES`` in the order of the columns, and ``FEATURES_SCHEMA``. Rules: no
expression may name a forbidden column (Lei 12.414 art. 3 §3 and art. 7-A I), nor reach beyond the consumer's
own rows (art. 7-A II); one that does is refused here, before any data is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from contracts.errors import TrainingRefusedError, UsageError
from contracts.table_declaration import Table
from contracts.tables import FORBIDDEN_INPUTS
from features import assets, consultations, debts, income, movements, profile, purchases
from features.declaration import Family, Feature

_LITERAL = re.compile(r"'[^']*'")
_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)?")
_ARROW_TYPES = {"double": pa.float64(), "text": pa.string()}
_REACHES_OTHERS = frozenset({"from", "over", "select"})
"""Words of a subquery or a window, by which alone an expression could see another consumer's rows."""


def names_in(sql: str) -> set[str]:
    """Return the names that an expression mentions (``a`` or ``a.b``), in lower case, text literals left out.

    >>> sorted(names_in("razao(renda.total, 2) + CASE WHEN tipo = 'sexo' THEN 1 END"))
    ['case', 'end', 'razao', 'renda.total', 'then', 'tipo', 'when']
    """
    return {name.lower() for name in _NAME.findall(_LITERAL.sub("''", sql))}


def table_columns(family: Family) -> tuple[str, ...]:
    """Return the lake columns of the family's table that its rows need, the link to the consumer first."""
    mentioned = names_in(" ".join([family.row_filter, *(column.sql for column in family.row_columns)]))
    columns = [column.lake_name for column in family.table.read_columns if column.name != "cpf"]
    return ("cpf", *(name for name in columns if name in mentioned))


def output_sources(family: Family) -> dict[str, frozenset[str]]:
    """Return, for every name that formulas may use of a family, the ``table.column`` that it comes from."""
    table = family.table
    columns = {c.lake_name: frozenset({f"{table.name}.{c.name}"}) for c in table.read_columns}
    always = _sources_of(family.row_filter, columns)
    rows: dict[str, frozenset[str]] = {}
    for column in family.row_columns:
        rows[column.name] = _sources_of(column.sql, {**rows, **columns}) | always
    if not family.measures:
        return rows
    measures = {measure.name: _sources_of(measure.sql, rows) | always for measure in family.measures}
    for measure in family.derived:
        measures[measure.name] = _sources_of(measure.sql, measures)
    return measures


def _sources_of(sql: str, known: Mapping[str, frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*(known[name] for name in names_in(sql) if name in known))


@dataclass(frozen=True, slots=True)
class Catalog:
    """Families and features that passed every check; the first family is the one row a consumer."""

    families: tuple[Family, ...]
    features: tuple[Feature, ...]

    @property
    def schema(self) -> pa.Schema:
        """Return the schema of a feature table: keys, ``sem_dados``, then the features in order."""
        return pa.schema(
            [
                pa.field("cpf", pa.string(), nullable=False),
                pa.field("cliente_id", pa.string(), nullable=False),
                pa.field("sem_dados", pa.bool_(), nullable=False),
                *(pa.field(feature.name, _ARROW_TYPES[feature.dtype]) for feature in self.features),
            ]
        )


def make_catalog(families: Sequence[Family], features: Sequence[Feature]) -> Catalog:
    """Return the checked catalog with every feature's sources filled in.

    TrainingRefusedError names all expressions that touch a forbidden column or other people; UsageError all
    other mistakes.
    """
    declared = _declared_sql(families, features)
    forbidden = [*_forbidden_uses(declared), *_uses_of_others(declared)]
    if forbidden:
        raise TrainingRefusedError("\n".join(forbidden))
    sources = {f"{family.name}.{name}": found for family in families for name, found in output_sources(family).items()}
    problems = [*_family_problems(families), *_feature_problems(features, known=set(sources))]
    if problems:
        raise UsageError("\n".join(problems))
    filled = (replace(f, sources=tuple(sorted(_sources_of(f.formula, sources)))) for f in features)
    return Catalog(tuple(families), tuple(filled))


def _declared_sql(families: Sequence[Family], features: Sequence[Feature]) -> list[tuple[str, str]]:
    """Return every declared expression with the name of where it stands."""
    declared = [(f"{family.name}: filter", family.row_filter) for family in families]
    for family in families:
        declared += [(f"{family.name}.{item.name}", item.sql) for item in family.declared]
    for feature in features:
        declared += [(feature.name, feature.formula), (feature.name, " ".join(feature.sources))]
    return declared


def _forbidden_uses(declared: Sequence[tuple[str, str]]) -> list[str]:
    return [
        f"{where} reads {name}, which no feature may read (Lei 12.414 art. 3 §3, art. 7-A I)"
        for where, sql in declared
        for name in sorted(FORBIDDEN_INPUTS)
        if any(name in used.split(".") for used in names_in(sql))
    ]


def _uses_of_others(declared: Sequence[tuple[str, str]]) -> list[str]:
    return [
        f"{where} uses {word.upper()}, which may reach other people's rows (Lei 12.414 art. 7-A II)"
        for where, sql in declared
        for word in sorted(_REACHES_OTHERS & names_in(sql))
    ]


def _family_problems(families: Sequence[Family]) -> list[str]:
    problems = _repeated("family", [family.name for family in families])
    for family in families:
        own = [item.name for item in family.declared]
        problems += _repeated(f"{family.name}: name", [*own, *_lake_names(family.table)])
    return problems


def _lake_names(table: Table) -> list[str]:
    return [column.lake_name for column in table.read_columns]


def _feature_problems(features: Sequence[Feature], *, known: set[str]) -> list[str]:
    problems = _repeated("feature", [feature.name for feature in features])
    problems += _repeated("code", [feature.code for feature in features])
    problems += _repeated("reason text", [text for f in features for text in (f.text_raises, f.text_lowers)])
    for feature in features:
        used = {name for name in names_in(feature.formula) if "." in name}
        problems += [f"{feature.name}: {name} is not declared" for name in sorted(used - known)]
        if not used:
            problems.append(f"{feature.name}: its formula names no measure")
    return problems


def _repeated(what: str, names: Sequence[str]) -> list[str]:
    return [f"{what} {name!r} is declared twice" for name in sorted({n for n in names if names.count(n) > 1})]


_MODULES = (profile, debts, income, assets, movements, consultations, purchases)

CATALOG = make_catalog(
    [module.FAMILY for module in _MODULES],
    [feature for module in (*_MODULES[1:], profile) for feature in module.FEATURES],
)
FAMILIES = CATALOG.families
FEATURES = CATALOG.features
FEATURES_SCHEMA = CATALOG.schema
FEATURES_BY_NAME = {feature.name: feature for feature in FEATURES}
