"""What the page says of the API's words: every reason has an English sentence, every declared word its full form."""

from __future__ import annotations

import re

from contracts.income_frequency import MONTHLY_FACTORS
from features.catalog import FEATURES
from population.assets import ASSET_KINDS
from population.companies import COMPANIES
from population.incomes import MAIN_KINDS
from population.registers import MARITAL_STATUSES
from serve.api.web_page import FOLDER

TEXTS = FOLDER.parent / "src" / "text"
PAIR = re.compile(r'^  "([^"]+)":\s+"([^"]+)",$', re.MULTILINE)
WORD = re.compile(r'^    (\w+): "[^"]+",$', re.MULTILINE)


def test_every_reason_of_the_catalog_has_one_english_sentence():
    written = (TEXTS / "reasons-en.ts").read_text("utf-8")
    pairs = PAIR.findall(written)
    english = dict(pairs)
    portuguese = {text for feature in FEATURES for text in (feature.text_raises, feature.text_lowers)}
    assert len(pairs) == len(english) == written.count('":')
    assert set(english) == portuguese
    assert len(set(english.values())) == len(english)
    assert all(sentence.endswith(".") and sentence.isascii() for sentence in english.values())


def test_every_kind_and_frequency_has_a_word_in_both_languages():
    declared = {
        "f",
        "m",
        *MARITAL_STATUSES,
        *MONTHLY_FACTORS,
        *ASSET_KINDS,
        *COMPANIES,
        *(kind.name for kind in MAIN_KINDS),
    }
    for language in ("pt", "en"):
        text = (TEXTS / f"{language}.ts").read_text("utf-8")
        words = set(WORD.findall(text[text.index("\n  words: {") : text.index("\n  tabs: {")]))
        assert declared <= words, language
