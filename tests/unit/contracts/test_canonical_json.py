"""The canonical form of JSON is what the standard library writes, byte for byte: hashes of models rest on it."""

import json
from enum import IntEnum, StrEnum

import numpy as np
import pytest

from contracts.canonical_json import canonical_json


class Word(StrEnum):
    A = "á\n"


class Number(IntEnum):
    ONE = 1


SCALARS = [None, True, False, 0, -7, 10**30, 0.1, -0.0, 1e300, 5e-324, 2.0, Number.ONE]
TEXTS = ["", "a", "ação", '"\\/', "\n\t\x00\x7f", "\u2028", "😀", Word.A]


def document(rng: np.random.Generator, depth: int) -> object:
    match rng.integers(6) if depth else 0:
        case 0 | 1:
            return [*SCALARS, *TEXTS][rng.integers(len(SCALARS) + len(TEXTS))]
        case 2:
            return rng.integers(-99, 99, rng.integers(4)).tolist()
        case 3:
            return tuple(document(rng, depth - 1) for _ in range(rng.integers(4)))
        case 4:
            return {int(key): document(rng, depth - 1) for key in rng.integers(-20, 20, rng.integers(4))}
        case _:
            return {TEXTS[key]: document(rng, depth - 1) for key in rng.integers(0, len(TEXTS), rng.integers(5))}


@pytest.mark.parametrize("seed", range(10))
def test_the_bytes_are_those_of_the_standard_library(seed):
    rng = np.random.default_rng(seed)
    for _ in range(50):
        value = {f"k{n}": document(rng, depth=4) for n in range(3)}
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False)
        assert canonical_json(value) == (text + "\n").encode()


@pytest.mark.parametrize("key", [None, True, 1.5, 2, Number.ONE])
def test_keys_become_texts_as_the_standard_library_makes_them(key):
    assert json.loads(canonical_json({"a": {key: 1}})) == json.loads(json.dumps({"a": {key: 1}}))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_json_has_no_word_for_are_refused(number):
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json({"a": [1, number]})


@pytest.mark.parametrize("value", [{"a": np.int64(1)}, {"a": {1, 2}}, {"a": b"b"}, {1: 2, "a": 3}])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(TypeError):
        canonical_json(value)
