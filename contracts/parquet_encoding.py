"""How the columns of a Parquet file are coded: by dictionary and compressed where that makes them smaller.

A dictionary of values that are nearly all different (instants, amounts, ids) takes ten times the writing and a fifth of
the space more; of values that repeat it is the best form there is. Random ids do not shrink by compression either. The
choice follows from the table alone: equal tables, equal bytes. Any reader of Parquet reads all of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

COMPRESSION = "lz4"

SAMPLE_ROWS = 256
"""Rows at the beginning that show whether a text repeats or shrinks; those of a snapshot lie sorted by consumer."""

LEAST_SHRINKING = 0.9
"""Compressed size over plain size from which compression is not worth its time."""

SMALL_DICTIONARY = 4_096
"""Bytes of a dictionary in a table of measures: 512 numbers. The writer gives one up that is larger, 1,024 rows on."""

_CODEC = pa.Codec("lz4_raw")


def encoding_options(table: pa.Table) -> dict[str, Any]:
    """Return the options of ``pyarrow.parquet.write_table`` for a table.

    In a table of measures (it has floating-point columns) counts repeat and amounts do not: the writer finds out.
    Nobody looks for rows by a measure's extremes, so that there are no statistics of them. Of any other table the texts
    are coded that repeat; numbers and dates are left as they are.
    """
    texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
    repeating = [name for name in texts if _repeats(table[name])]
    unique = set(texts).difference(repeating)
    random = {name for name in unique if not _shrinks(table[name])}
    leaves = {path: field.name for field in table.schema for path in _leaves(field.name, field.type)}
    options = {"compression": {path: "none" if name in random else COMPRESSION for path, name in leaves.items()}}
    measures = {field.name for field in table.schema if pa.types.is_floating(field.type)}
    if not measures:
        return {**options, "use_dictionary": repeating}
    return {
        **options,
        "use_dictionary": [path for path, name in leaves.items() if name not in unique],
        "dictionary_pagesize_limit": SMALL_DICTIONARY,
        "write_statistics": [path for path, name in leaves.items() if name not in measures],
    }


def _repeats(column: pa.ChunkedArray) -> bool:
    sample = column.slice(0, SAMPLE_ROWS)
    distinct, known = int(pc.count_distinct(sample).as_py()), len(sample) - int(sample.null_count)
    return distinct < known


def _shrinks(column: pa.ChunkedArray) -> bool:
    sample = column.slice(0, SAMPLE_ROWS).combine_chunks()
    if not len(sample):
        return True
    ends = np.frombuffer(sample.buffers()[1], np.int32)[sample.offset : sample.offset + len(sample) + 1]
    texts = sample.buffers()[2].slice(int(ends[0]), int(ends[-1] - ends[0])) if sample.buffers()[2] else b""
    compressed: int = len(_CODEC.compress(texts))
    return compressed < LEAST_SHRINKING * len(texts)


def _leaves(path: str, kind: pa.DataType) -> Iterator[str]:
    """Yield the paths, as Parquet names them, of the columns that a field is stored in."""
    if pa.types.is_struct(kind):
        for field in kind:
            yield from _leaves(f"{path}.{field.name}", field.type)
    elif pa.types.is_list(kind):
        yield from _leaves(f"{path}.list.element", kind.value_type)
    else:
        yield path
