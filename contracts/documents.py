"""Documents and files from outside: read whole, or refused by one error that names them and repeats nothing of them.

Whoever reads one takes it apart as if it were of the expected form; what that fails with, if it is not, is turned
into DataIntegrityError here. The cause is left out: its text may quote what the document holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from contracts.errors import DataIntegrityError

UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What a document of another form fails with: no UTF-8, no JSON, a missing member, another type, nested endlessly."""


_NO_PARQUET = "not a Parquet file of this form"


@contextmanager
def reading_document(what: str, problem: str = "not a document of this form") -> Iterator[None]:
    """Turn what a document of another form fails with into DataIntegrityError, which says what it was to be.

    >>> with reading_document("plan"):
    ...     {}["faixas"]
    Traceback (most recent call last):
    contracts.errors.DataIntegrityError: plan: not a document of this form
    """
    try:
        yield
    except (*UNREADABLE, pa.ArrowException):
        raise DataIntegrityError(f"{what}: {problem}") from None


@contextmanager
def reading_parquet(what: str) -> Iterator[None]:
    """Do the same for bytes that are read as Parquet, of which damage shows as an error of input or output too."""
    try:
        with reading_document(what, _NO_PARQUET):
            yield
    except (OSError, MemoryError):
        raise DataIntegrityError(f"{what}: {_NO_PARQUET}") from None
