"""What a model may take in: the declared inputs, and the gate that refuses what the law forbids.

Rule: sex, marital status, any address finer than the state, names and the goods bought never enter a model,
directly or under a name derived from theirs (Lei 12.414 art. 3 §3 and art. 7-A I).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contracts.errors import TrainingRefusedError
from contracts.feature_terms import InputType, RiskDirection
from contracts.tables import FORBIDDEN_INPUTS

IDENTIFIERS = ("cpf", "cliente_id", "sem_dados", "is_bad")
"""Columns of the training tables that identify or label a consumer and never describe them."""

AMBIGUOUS_WORDS = frozenset({"numero"})
"""Forbidden only as a whole name: ``numero`` is the house number, ``numero_de_dividas`` a harmless count."""


@dataclass(frozen=True, slots=True)
class InputFeature:
    """One declared input: its column, reason code, type, direction, the two texts of its reason and a short name.

    ``label`` names it within a sentence ("quantidade de dívidas em aberto"), as the texts of pairs do.
    """

    name: str
    code: str
    dtype: InputType
    direction: RiskDirection
    text_raises: str
    text_lowers: str
    label: str = ""


def is_forbidden(name: str) -> bool:
    """Return whether a column's name is, starts with or ends with a forbidden one.

    >>> [is_forbidden(n) for n in ("sexo", "Estado_Civil_cod", "log_bairro", "numero", "numero_de_dividas", "uf")]
    [True, True, True, True, False, False]
    """
    lowered = name.casefold()
    return any(
        lowered == word
        or (word not in AMBIGUOUS_WORDS and (lowered.startswith(f"{word}_") or lowered.endswith(f"_{word}")))
        for word in FORBIDDEN_INPUTS
    )


def refuse_forbidden(names: Iterable[str]) -> None:
    """Raise TrainingRefusedError, naming every one, if any column is forbidden to a model."""
    found = sorted(name for name in set(names) if is_forbidden(name))
    if found:
        raise TrainingRefusedError(
            f"forbidden inputs: {', '.join(found)} (Lei 12.414 art. 3 §3 and art. 7-A I); no model was trained"
        )


def check_inputs(inputs: Sequence[InputFeature]) -> None:
    """Raise TrainingRefusedError, listing all problems, unless the inputs can make a lawful, readable scorecard."""
    refuse_forbidden(feature.name for feature in inputs)
    names, codes = [f.name for f in inputs], [f.code for f in inputs]
    problems = [f"{name}: declared twice" for name in sorted({n for n in names if names.count(n) > 1})]
    problems += [f"{code}: code used twice" for code in sorted({c for c in codes if codes.count(c) > 1})]
    problems += [f"{name}: identifies the consumer" for name in names if name in IDENTIFIERS]
    problems += [
        f"{f.name}: a category has no direction"
        for f in inputs
        if f.dtype is InputType.CATEGORY and f.direction is not RiskDirection.FREE
    ]
    if not inputs:
        problems.append("no inputs")
    if problems:
        raise TrainingRefusedError("inputs: " + "; ".join(problems))
