"""The committed dictionary is the catalog's, word for word."""

from __future__ import annotations

from pathlib import Path

from features.catalog import FEATURES
from features.dictionary import feature_dictionary

COMMITTED = Path(__file__).resolve().parents[3] / "docs" / "reference" / "features.md"


def test_the_committed_dictionary_is_the_catalog() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == feature_dictionary()


def test_every_feature_shows_its_formula_and_both_reasons() -> None:
    text = feature_dictionary()
    for feature in FEATURES:
        for part in (f"### {feature.code} `{feature.name}`", feature.formula, feature.text_raises, feature.text_lowers):
            assert part in text
