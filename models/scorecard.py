"""The compiled model: a table of terms, bins and integer points that a person can read.

``score_bruto = base_points + sum of one bin's points a term``. A term's points are relative to the average
consumer of the training population (they sum to about zero over it), so that each is a reason by itself.
A scorecard checks itself when it is built: no term on a forbidden column, none against its declared direction,
all numbers bounded. Loading one never runs code (``scorecard_json``).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from contracts.artifacts import canonical_json
from contracts.errors import DataIntegrityError
from models.inputs import IDENTIFIERS, InputType, RiskDirection, is_forbidden
from models.scaling import ScoreScale

MAX_TERMS = 1_000
MAX_BINS = 1_000
MAX_POINTS = 10_000
"""Bound of one bin's points: 125 doublings of the odds at the default scale, and within an int16."""

MAX_BASE = 1_000_000
MAX_NAME_LENGTH = 100
MAX_TEXT_LENGTH = 300
MAX_HORIZON_MONTHS = 120


@dataclass(frozen=True, slots=True)
class Term:
    """One feature's bins and their points.

    Of a number, bin ``i`` holds ``edges[i - 1] < x <= edges[i]`` (the first and the last are open). Of a category,
    bin ``i`` holds the values of ``groups[i]``, and ``other_points`` goes to a value that is in none.
    ``missing_points`` goes to a missing value (null or NaN).
    """

    feature: str
    code: str
    kind: InputType
    direction: RiskDirection
    points: tuple[int, ...]
    missing_points: int
    other_points: int = 0
    edges: tuple[float, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    text_raises: str = ""
    text_lowers: str = ""

    def __post_init__(self) -> None:
        problems = [*_name_problems(self), *_point_problems(self), *_bin_problems(self), *_direction_problems(self)]
        if problems:
            raise DataIntegrityError(f"term {self.code[:MAX_NAME_LENGTH]!r}: " + "; ".join(problems))

    @property
    def all_points(self) -> tuple[int, ...]:
        """Return the points of every bin in code order: the bins, then "other", then "missing"."""
        return (*self.points, self.other_points, self.missing_points)

    @property
    def other_bin(self) -> int:
        """Return the bin of a category never seen."""
        return len(self.points)

    @property
    def missing_bin(self) -> int:
        """Return the bin of a missing value."""
        return len(self.points) + 1


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Base points, terms and scale; ``horizon_months`` is what the probability speaks of."""

    name: str
    horizon_months: int
    scale: ScoreScale
    base_points: int
    terms: tuple[Term, ...]

    def __post_init__(self) -> None:
        problems = []
        if not _is_label(self.name):
            problems.append("name must be a short printable text")
        if type(self.horizon_months) is not int or not 1 <= self.horizon_months <= MAX_HORIZON_MONTHS:
            problems.append(f"horizon must be 1 to {MAX_HORIZON_MONTHS} months")
        if type(self.base_points) is not int or abs(self.base_points) > MAX_BASE:
            problems.append(f"base points must be an integer within ±{MAX_BASE}")
        if not 1 <= len(self.terms) <= MAX_TERMS:
            problems.append(f"must have 1 to {MAX_TERMS} terms")
        problems += [f"{what} used twice" for what in _repeated([t.code for t in self.terms])]
        problems += [f"{what} used twice" for what in _repeated([t.feature for t in self.terms])]
        if problems:
            raise DataIntegrityError("scorecard: " + "; ".join(problems))

    @property
    def texts(self) -> Mapping[str, Mapping[str, str]]:
        """Return each code's two texts, as the results store's ``modelo.textos`` holds them."""
        return {term.code: {"aumenta": term.text_raises, "reduz": term.text_lowers} for term in self.terms}

    def to_json(self) -> dict[str, object]:
        """Return the scorecard as its file holds it; ``scorecard_json.parse_scorecard`` reads it back."""
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

    @property
    def sha256(self) -> str:
        """Return the SHA-256 of the canonical file: equal models, equal hashes."""
        return hashlib.sha256(canonical_json(self.to_json())).hexdigest()


FORMAT = 1
"""Version of the file's form; a reader refuses any other."""


def _term_json(term: Term) -> dict[str, object]:
    bins: dict[str, object] = (
        {"limites": list(term.edges)}
        if term.kind is InputType.NUMBER
        else {"grupos": [list(group) for group in term.groups], "pontos_outros": term.other_points}
    )
    return {
        "variavel": term.feature,
        "codigo": term.code,
        "tipo": term.kind.value,
        "sentido": term.direction.value,
        "pontos": list(term.points),
        "pontos_ausente": term.missing_points,
        "texto_aumenta": term.text_raises,
        "texto_reduz": term.text_lowers,
        **bins,
    }


def _is_label(text: object) -> bool:
    return isinstance(text, str) and 0 < len(text) <= MAX_NAME_LENGTH and text.isprintable()


def _is_text(text: object) -> bool:
    return isinstance(text, str) and len(text) <= MAX_TEXT_LENGTH and text.isprintable()


def _repeated(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _name_problems(term: Term) -> list[str]:
    if not (_is_label(term.feature) and _is_label(term.code)):
        return ["feature and code must be short printable texts"]
    problems = []
    if is_forbidden(term.feature) or term.feature in IDENTIFIERS:
        problems.append("its feature is forbidden to a model")
    if not (_is_text(term.text_raises) and _is_text(term.text_lowers)):
        problems.append(f"texts must be printable and at most {MAX_TEXT_LENGTH} characters")
    return problems


def _point_problems(term: Term) -> list[str]:
    if any(type(p) is not int or abs(p) > MAX_POINTS for p in term.all_points):
        return [f"points must be integers within ±{MAX_POINTS}"]
    return [] if 1 <= len(term.points) <= MAX_BINS else [f"must have 1 to {MAX_BINS} bins"]


def _bin_problems(term: Term) -> list[str]:
    if term.kind is InputType.CATEGORY:
        values = [value for group in term.groups for value in group]
        if term.edges or len(term.groups) != len(term.points) or len(set(values)) != len(values):
            return ["a category needs one list of distinct values a bin, and no edges"]
        return [] if all(_is_text(value) for value in values) else ["values must be short printable texts"]
    if term.groups or term.other_points or len(term.edges) != len(term.points) - 1:
        return ["a number needs one edge between every two bins, and no groups"]
    finite = all(type(edge) is float and math.isfinite(edge) for edge in term.edges)
    rising = finite and all(left < right for left, right in pairwise(term.edges))
    return [] if rising else ["edges must be finite numbers in rising order"]


def _direction_problems(term: Term) -> list[str]:
    if term.kind is InputType.CATEGORY:
        return [] if term.direction is RiskDirection.FREE else ["a category has no direction"]
    steps = [right - left for left, right in pairwise(term.points)]
    wrong = (term.direction is RiskDirection.MORE_RISK and any(step > 0 for step in steps)) or (
        term.direction is RiskDirection.LESS_RISK and any(step < 0 for step in steps)
    )
    return [f"its points go against its direction, {term.direction.value}"] if wrong else []
