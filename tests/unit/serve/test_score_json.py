"""The fast writer of a score's JSON says exactly what the documented form says."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from uuid import UUID

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from contracts.score_terms import Band, Reason, Status
from serve.published.published_score import PublishedScore
from serve.published.run_info import RunInfo
from serve.scores.score_json import ScoreWriter

CODES = ("R01", "R02", "R03", 'aspas " e \\ barra')
RUNS = [
    RunInfo(
        UUID(int=number),
        date(2026, 11, number),
        f'versão "{number}"',
        "modelo",
        12,
        {code: {"aumenta": f"{code} ação {number}", "reduz": f"{code} não"} for code in CODES},
        datetime(2026, 11, 20, 2, 30, tzinfo=UTC if number == 1 else None),
    )
    for number in (1, 2)
]
reasons = st.builds(Reason, st.sampled_from(CODES), st.integers(-900, 900).filter(bool))
scores = st.builds(
    PublishedScore,
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=36),
    st.from_regex(r"[0-9]{6}", fullmatch=True),
    st.none() | st.integers(0, 1000),
    st.none() | st.floats(0, 1, width=32).map(lambda value: float(np.float32(value))),
    st.none() | st.sampled_from([band.value for band in Band]),
    st.sampled_from([status.value for status in Status]),
    st.lists(reasons, max_size=4).map(tuple),
    st.sampled_from(RUNS),
)


@given(st.lists(scores, min_size=1, max_size=4), st.integers(1, 60))
def test_the_writer_says_what_the_documented_form_says(several, days):
    writer = ScoreWriter(validity_days=days)
    for score in several:
        slow = json.dumps(score.to_json(validity_days=days), ensure_ascii=False, separators=(",", ":"))
        assert writer.text(score) == slow
