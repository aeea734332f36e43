"""Runs are an exact, shorter form of a column, whatever its order."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from extract.value_runs import Runs


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.sampled_from(["", "a", "b", "52998224725"]))))
def test_what_is_spread_is_the_column(texts):
    runs = Runs.of(pa.array(texts, pa.string()))
    numbers = runs.spread(np.arange(len(runs.values)))
    assert runs.values.take(pa.array(numbers)).to_pylist() == texts
    assert all(a != b for a, b in zip(runs.values.to_pylist(), runs.values.to_pylist()[1:], strict=False))
