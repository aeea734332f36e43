"""Codes and Portuguese texts of a model's terms: a feature's own, and for two crossed features a text of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from models.fitting.additive import AdditiveTerm
from models.fitting.compilation import TermLabel
from models.inputs import InputFeature


def label_terms(terms: Iterable[AdditiveTerm], inputs: Sequence[InputFeature]) -> dict[str, TermLabel]:
    """Return the label of every term, by its name."""
    by_name = {feature.name: feature for feature in inputs}
    return {term.name: label_term(tuple(axis.feature for axis in term.axes), by_name) for term in terms}


def label_term(features: tuple[str, ...], by_name: Mapping[str, InputFeature]) -> TermLabel:
    """Return one term's label: its feature's code and texts, or a pair's ``A_B`` and what it says of both."""
    if len(features) == 1:
        one = by_name[features[0]]
        return TermLabel(one.code, one.text_raises, one.text_lowers)
    first, second = (by_name[name] for name in features)
    both = f"A combinação de {first.label or first.name} com {second.label or second.name}"
    return TermLabel(
        f"{first.code}_{second.code}", f"{both} favorece a sua avaliação.", f"{both} pesa contra a sua avaliação."
    )
