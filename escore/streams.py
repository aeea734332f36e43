"""Frames one CPF range after another: what a country's are read as, and what a whole frame is gathered from."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Generic, TypeVar, cast

import numpy as np
import pandas as pd
import pyarrow as pa
from rich.progress import track

from contracts.errors import UsageError
from escore.frames import KEY, frame_of, keyed_by_client
from escore.nights import Night
from extract.lake import read_extraction

MOST_ROWS = 2_000_000
"""Rows that a ``load_x`` gathers before it says to stream instead: about 1 GB of features."""

SHOWN_FROM = 20
"""Ranges from which on gathering them shows how far it is."""

T = TypeVar("T", bound=pd.DataFrame | pd.Series)
S = TypeVar("S", bound=pd.DataFrame | pd.Series)


class RangeStream(Generic[T]):
    """An iterator over one frame a CPF range, each made when it is asked for: memory is that of one range.

    ``operator.length_hint`` tells how many are left, so that a progress bar knows its end.
    """

    def __init__(self, indexes: Sequence[int], make: Callable[[int], T]) -> None:
        self._left = list(reversed(indexes))
        self._make = make

    def __iter__(self) -> Iterator[T]:
        """Return itself: what was read is not read again."""
        return self

    def __next__(self) -> T:
        """Return the next range's frame."""
        if not self._left:
            raise StopIteration
        return self._make(self._left.pop())

    def __length_hint__(self) -> int:
        """Return how many ranges are left."""
        return len(self._left)

    def each(self, change: Callable[[T], S]) -> RangeStream[S]:
        """Return the ranges that are left, each frame changed."""
        make = self._make
        return RangeStream(self._left[::-1], lambda index: change(make(index)))


def stream_frames(  # noqa: PLR0913 - what is read, and what is told of it
    night: Night,
    part: Callable[[int], pa.Table],
    *,
    share: float,
    as_of: date,
    units: Mapping[str, str],
    keep_cpf: bool = False,
) -> RangeStream[pd.DataFrame]:
    """Return the frames of each range's table, of the chosen share of its consumers, indexed by ``cliente_id``.

    ``attrs`` tell the run, the date, the model and the columns' units. UsageError if the share is none.
    """
    if not 0 < share <= 1:
        raise UsageError("share: above 0, up to 1")
    told = {"run": str(night.run.execucao_id), "as_of": as_of.isoformat(), "model": night.run.model_version}

    def make(index: int) -> pd.DataFrame:
        table = part(index)
        chosen = table if share == 1 else table.filter(pa.array(_chosen(table[KEY], share)))
        frame = frame_of(keyed_by_client(chosen, keep_cpf=keep_cpf), units=units).set_index(KEY)
        frame.attrs |= told
        return frame

    return RangeStream([one.index for one in night.ranges], make)


def gather(stream: RangeStream[T], *, most: int | None, streamed: str) -> T:
    """Return all ranges as one; UsageError, which names the function that streams them, beyond so many rows."""
    parts: list[T] = []
    rows = 0
    is_short = operator.length_hint(stream) < SHOWN_FROM
    for part in track(stream, "CPF ranges", transient=True, disable=is_short):
        parts.append(part)
        rows += len(part)
        if most is not None and rows > most:
            raise UsageError(f"more than {most:,} rows: pass share= or most=, or go through them by {streamed}()")
    return cast("T", pd.concat(parts))


def records_of(night: Night, index: int, columns: Mapping[str, Sequence[str] | None]) -> dict[str, pa.Table]:
    """Return some tables of a range's snapshot, with the columns named (None: all)."""
    snapshot = night.run.snapshot_id
    if all(names is not None for names in columns.values()):
        named = {name: names for name, names in columns.items() if names is not None}
        return dict(read_extraction(night.lake, snapshot, index, columns=named).tables)
    return dict(read_extraction(night.lake, snapshot, index, list(columns)).tables)


def _chosen(client_ids: pa.ChunkedArray, share: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    hashed = pd.util.hash_array(client_ids.to_numpy(zero_copy_only=False))
    return np.asarray(hashed < np.uint64(round(share * (2**64 - 1))))
