"""One CPF number as text: normalising and masking, for parameters and payloads (rule: ``contracts.cpf``)."""

from __future__ import annotations

import re

CPF_LENGTH = 11
_PUNCTUATION = re.compile(r"[.\-\s]")


def normalize_cpf(text: str) -> str | None:
    """Return the eleven digits of a CPF written with or without punctuation; None if it is not valid.

    >>> normalize_cpf("529.982.247-25")
    '52998224725'
    >>> normalize_cpf("529.982.247-24") is None
    True
    """
    digits = _PUNCTUATION.sub("", text)
    if len(digits) != CPF_LENGTH or not (digits.isascii() and digits.isdigit()) or len(set(digits)) == 1:
        return None
    numbers = [int(digit) for digit in digits]
    for length in (9, 10):
        weighted = sum(n * w for n, w in zip(numbers, range(length + 1, 1, -1), strict=False))
        if numbers[length] != (0 if weighted % 11 < 2 else 11 - weighted % 11):
            return None
    return digits


def mask_cpf(cpf: str) -> str:
    """Return a CPF with only its middle six digits shown, as Brazilian public lists do.

    >>> mask_cpf("52998224725")
    '***.982.247-**'
    """
    return f"***.{cpf[3:6]}.{cpf[6:9]}-**"
