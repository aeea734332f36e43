"""The compiled model: a table of terms, cells and integer points that a person can read.

``score_bruto = base_points + sum of one cell's points a term``. A term cuts one feature, or crosses two (a pair);
its points are relative to the average row of the training data, so that each is a reason by itself. A table checks
itself when it is built: every number bounded, cells complete, and the whole model monotone in every feature that
declares a direction, pairs included (``monotonicity``). Loading one never runs code (``document``).
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from contracts.canonical_json import canonical_json
from contracts.errors import DataIntegrityError
from contracts.feature_terms import InputType, RiskDirection
from models.points.monotonicity import direction_violations
from models.points.scaling import ScoreScale

FORMAT = 2
"""Version of the file's form; a reader refuses any other."""

MAX_TERMS = 1_000
MAX_BINS = 1_000
MAX_CELLS = 100_000
"""Cells of one term: a pair of 300 x 300 bins, more than anybody can read or fill."""

MAX_AXES = 2
MAX_POINTS = 10_000
"""Bound of one cell's points: 125 doublings of the odds at the default scale, and within an int16."""

MAX_BASE = 1_000_000
MAX_NAME_LENGTH = 200
MAX_CODE_LENGTH = 2 * MAX_NAME_LENGTH + 10
"""A pair's code may hold both names."""

MAX_TEXT_LENGTH = 1_000
MAX_HORIZON_MONTHS = 120
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Axis:
    """How one feature is cut into cells: its bins, then "other", then "missing".

    Of a number, bin ``i`` holds ``edges[i - 1] < x <= edges[i]`` (the first and the last are open; infinities fall
    in them), and "other" stays empty. Of a category, bin ``i`` holds the values of ``groups[i]`` and "other" every
    value that is in none. "Missing" is null or NaN.
    """

    feature: str
    kind: InputType
    direction: RiskDirection = RiskDirection.FREE
    edges: tuple[float, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        problems = _axis_problems(self)
        if problems:
            raise DataIntegrityError(f"axis {self.feature[:MAX_NAME_LENGTH]!r}: " + "; ".join(problems))

    @property
    def bins(self) -> int:
        """Return the number of bins of known values."""
        return len(self.groups) if self.kind is InputType.CATEGORY else len(self.edges) + 1

    @property
    def cells(self) -> int:
        """Return the number of cells: the bins, "other" and "missing"."""
        return self.bins + 2

    @property
    def other_cell(self) -> int:
        """Return the cell of a category never seen."""
        return self.bins

    @property
    def missing_cell(self) -> int:
        """Return the cell of a missing value."""
        return self.bins + 1


@dataclass(frozen=True, slots=True)
class Term:
    """The points of every cell of one axis, or of the crossing of two, the first axis varying slowest."""

    code: str
    axes: tuple[Axis, ...]
    points: tuple[int, ...]
    text_raises: str = ""
    text_lowers: str = ""

    def __post_init__(self) -> None:
        problems = _term_problems(self)
        if problems:
            raise DataIntegrityError(f"term {self.code[:MAX_NAME_LENGTH]!r}: " + "; ".join(problems))

    @property
    def features(self) -> tuple[str, ...]:
        """Return the names of the one or two features that the term reads."""
        return tuple(axis.feature for axis in self.axes)

    @property
    def is_pair(self) -> bool:
        """Return whether the term crosses two features."""
        return len(self.axes) == MAX_AXES

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the number of cells along each axis."""
        return tuple(axis.cells for axis in self.axes)

    def grid(self) -> npt.NDArray[np.int64]:
        """Return the points as an array of ``shape``."""
        return np.array(self.points, np.int64).reshape(self.shape)


@dataclass(frozen=True)
class PointsTable:
    """Base points, terms and scale; ``horizon_months`` is what the probability speaks of."""

    name: str
    horizon_months: int
    scale: ScoreScale
    base_points: int
    terms: tuple[Term, ...]

    def __post_init__(self) -> None:
        problems = _table_problems(self)
        if not problems:
            problems = direction_violations(self.terms)
        if problems:
            raise DataIntegrityError("points table: " + "; ".join(problems))

    def __hash__(self) -> int:
        """Return a hash made once: caches ask for it at every range, and a table has thousands of cells."""
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.name, self.horizon_months, self.scale, self.base_points, self.terms))

    @cached_property
    def features(self) -> tuple[str, ...]:
        """Return every feature that a term reads, in order of first use."""
        return tuple(dict.fromkeys(name for term in self.terms for name in term.features))

    @property
    def raw_score_range(self) -> tuple[int, int]:
        """Return the least and the greatest unclipped score that any row could get (a bound, each term alone)."""
        lowest = self.base_points + sum(min(term.points) for term in self.terms)
        return lowest, self.base_points + sum(max(term.points) for term in self.terms)

    @property
    def texts(self) -> Mapping[str, Mapping[str, str]]:
        """Return each code's two texts, as the results store's ``modelo.textos`` holds them."""
        return {term.code: {"aumenta": term.text_raises, "reduz": term.text_lowers} for term in self.terms}

    def to_json(self) -> dict[str, object]:
        """Return the table as its file holds it; ``document.parse_points_table`` reads it back."""
        return {
            "formato": FORMAT,
            "nome": self.name,
            "horizonte_meses": self.horizon_months,
            "escala": {
                "pontos_base": self.scale.base_points,
                "chances_base": self.scale.base_odds,
                "pontos_para_dobrar": self.scale.pdo,
            },
            "pontos_base": self.base_points,
            "termos": [_term_json(term) for term in self.terms],
        }

    @cached_property
    def sha256(self) -> str:
        """Return the SHA-256 of the canonical file: equal models, equal hashes."""
        return hashlib.sha256(canonical_json(self.to_json())).hexdigest()


def _term_json(term: Term) -> dict[str, object]:
    return {
        "codigo": term.code,
        "eixos": [_axis_json(axis) for axis in term.axes],
        "pontos": list(term.points),
        "texto_aumenta": term.text_raises,
        "texto_reduz": term.text_lowers,
    }


def _axis_json(axis: Axis) -> dict[str, object]:
    is_category = axis.kind is InputType.CATEGORY
    return {
        "variavel": axis.feature,
        "tipo": axis.kind.value,
        "sentido": axis.direction.value,
        **({"grupos": [list(group) for group in axis.groups]} if is_category else {"limites": list(axis.edges)}),
    }


def _is_label(text: object, limit: int = MAX_NAME_LENGTH) -> bool:
    return isinstance(text, str) and 0 < len(text) <= limit and text.isprintable()


def _is_text(text: object) -> bool:
    return isinstance(text, str) and len(text) <= MAX_TEXT_LENGTH and text.isprintable()


def _is_value(text: object) -> bool:
    """Tell a text that UTF-8 can hold: half a surrogate pair would be no text in Arrow, JSON or SQL."""
    return isinstance(text, str) and len(text) <= MAX_TEXT_LENGTH and not _SURROGATES.search(text)


def _repeated(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _axis_problems(axis: Axis) -> list[str]:
    if not _is_label(axis.feature):
        return ["its feature must be a short printable text"]
    if axis.kind is InputType.CATEGORY:
        return _category_problems(axis)
    if axis.groups or axis.bins > MAX_BINS:
        return [f"a number has at most {MAX_BINS} bins, and no groups"]
    finite = all(type(edge) is float and math.isfinite(edge) for edge in axis.edges)
    rising = finite and all(left < right for left, right in pairwise(axis.edges))
    return [] if rising else ["edges must be finite numbers in rising order"]


def _category_problems(axis: Axis) -> list[str]:
    values = [value for group in axis.groups for value in group]
    if axis.direction is not RiskDirection.FREE:
        return ["a category has no direction"]
    if axis.edges or axis.bins > MAX_BINS or not all(axis.groups) or len(set(values)) != len(values):
        return [f"a category has at most {MAX_BINS} groups of distinct values, and no edges"]
    return [] if all(_is_value(value) for value in values) else [f"values are texts of up to {MAX_TEXT_LENGTH}"]


def _term_problems(term: Term) -> list[str]:
    if not _is_label(term.code, MAX_CODE_LENGTH):
        return ["its code must be a short printable text"]
    problems = []
    if not (_is_text(term.text_raises) and _is_text(term.text_lowers)):
        problems.append(f"texts must be printable and at most {MAX_TEXT_LENGTH} characters")
    if not 1 <= len(term.axes) <= MAX_AXES or len(set(term.features)) != len(term.axes):
        return [*problems, "must have one axis, or two of different features"]
    cells = math.prod(term.shape)
    if cells > MAX_CELLS or len(term.points) != cells:
        problems.append(f"must have one number of points a cell, {cells}, and at most {MAX_CELLS}")
    elif any(type(p) is not int or abs(p) > MAX_POINTS for p in term.points):
        problems.append(f"points must be integers within ±{MAX_POINTS}")
    return problems


def _table_problems(table: PointsTable) -> list[str]:
    problems = []
    if not _is_label(table.name):
        problems.append("name must be a short printable text")
    if type(table.horizon_months) is not int or not 1 <= table.horizon_months <= MAX_HORIZON_MONTHS:
        problems.append(f"horizon must be 1 to {MAX_HORIZON_MONTHS} months")
    if type(table.base_points) is not int or abs(table.base_points) > MAX_BASE:
        problems.append(f"base points must be an integer within ±{MAX_BASE}")
    if len(table.terms) > MAX_TERMS:
        problems.append(f"must have at most {MAX_TERMS} terms")
    problems += [f"{code} used twice" for code in _repeated([term.code for term in table.terms])]
    crossed = [" and ".join(map(repr, sorted(term.features))) for term in table.terms]
    problems += [f"two terms on {features}" for features in _repeated(crossed)]
    kinds: dict[str, tuple[InputType, RiskDirection]] = {}
    for axis in (axis for term in table.terms for axis in term.axes):
        if kinds.setdefault(axis.feature, (axis.kind, axis.direction)) != (axis.kind, axis.direction):
            problems.append(f"{axis.feature} has two types or two directions")
    return problems
