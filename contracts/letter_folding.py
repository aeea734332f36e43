"""How texts are compared in Base A's listing: without case, accents and punctuation, here and in the database alike.

``fold`` and the SQL of ``folded_sql`` give the same text for the same text: every letter of Latin-1 and Latin
Extended-A, and those of Guarani, as ASCII small letters, whether its accents are composed or follow it. What parts
words (spaces, hyphens, apostrophes, full stops, commas, underscores) is a space. Letters of other scripts stay.

The SQL is that of Base A's function-based indexes: a change here needs a migration that makes them anew.
"""

from __future__ import annotations

import unicodedata
from string import ascii_lowercase, ascii_uppercase

PARTING = " -'.,_`\u00a0\u00b4\u2010\u2011\u2012\u2013\u2018\u2019\u02bc"
"""What parts words, the space first."""

DIGRAPHS = (("æ", "ae"), ("œ", "oe"), ("ß", "ss"))
_COVERED = [*map(chr, range(0xC0, 0x180)), *"ẼẽỸỹẞĝĜ"]
_SINGLE = dict(zip("ÐðØøÞþĐđĦħıĲĳĸĿŀŁłŉŊŋŦŧſªº", "ddoottddhhiiikllllnnnttsao", strict=True))
_FREQUENT = "aoeirsnlmdutcpbvgfhzqjxykw ãáçéíóâêôúAMSJCRLFPGBDTEVNOIHKWZXYQU"
"""A database looks a letter up by going through the list: the frequent ones come first."""


def _plain(letter: str) -> str:
    """Return the small letter without marks, ASCII but for digraphs; empty for what is no letter."""
    if letter in _SINGLE:
        return _SINGLE[letter]
    bare = unicodedata.normalize("NFD", letter)[0].lower()
    return bare if bare in ascii_lowercase or bare in dict(DIGRAPHS) else ""


def _marks() -> str:
    """Return the combining marks of the letters that are covered."""
    return "".join(sorted({mark for letter in _COVERED for mark in unicodedata.normalize("NFD", letter)[1:]}))


def _pairs() -> dict[str, str]:
    letters = [*_FREQUENT, *ascii_uppercase, *_COVERED, *_SINGLE]
    pairs = {letter: " " if letter in PARTING else _plain(letter) for letter in letters}
    pairs = {letter: plain for letter, plain in pairs.items() if plain and (letter != plain or letter in _FREQUENT)}
    return pairs | dict.fromkeys(PARTING, " ")


_PAIRS = _pairs()
REMOVED = _marks()
"""Combining marks, which are left out: the letter before them stays."""

FOLDED_FROM = "".join(_PAIRS) + REMOVED
FOLDED_TO = "".join(_PAIRS.values())
_TABLE = str.maketrans(FOLDED_FROM[: len(FOLDED_TO)], FOLDED_TO, REMOVED)


def fold(text: str) -> str:
    """Return a text as texts are compared.

    >>> fold("João D'Ávila-CONCEIÇÃO"), fold("Weiß")
    ('joao d avila conceicao', 'weiss')
    """
    folded = text.translate(_TABLE)
    for digraph, letters in DIGRAPHS:
        folded = folded.replace(digraph, letters)
    return folded


def folded_words(text: str) -> tuple[str, ...]:
    """Return a text's words as they are compared, each once, in order.

    >>> folded_words("  João da  SILVA joao")
    ('joao', 'da', 'silva')
    """
    return tuple(dict.fromkeys(word for word in fold(text).split(" ") if word))


def folded_sql(expression: str) -> str:
    """Return the SQL, Oracle's and PostgreSQL's, that folds an expression; it depends on no locale."""
    source, target = (text.replace("'", "''") for text in (FOLDED_FROM, FOLDED_TO))
    sql = f"translate({expression}, '{source}', '{target}')"
    for digraph, letters in DIGRAPHS:
        sql = f"replace({sql}, '{digraph}', '{letters}')"
    return sql
