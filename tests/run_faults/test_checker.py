"""The checker itself is tried: five deliberate bugs, each of which leaves the run content with itself."""

import pytest

from tests.run_faults.planted_bugs import BUGS
from tests.run_faults.trial import Court


@pytest.mark.parametrize(
    ("bug", "told"),
    [
        ("a lost range", "are missing"),
        ("a doubled range", "rejects where"),
        ("a mixed publication", "rows, of which"),
        ("a stale Redis generation", "Redis points to"),
        ("a silent reject", "rejects where"),
    ],
)
def test_a_planted_bug_is_caught(court: Court, bug: str, told: str) -> None:
    wrongs = court.try_bug(bug)
    assert any(told in wrong for wrong in wrongs), wrongs


def test_every_bug_is_tried() -> None:
    assert len(BUGS) == 5
