"""An output is held against what a page shows, by words and order, whatever the numbers."""

import pytest

from tests.documented.shape import lines_that_lack
from tests.documented.shell import commands_of


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("valkey started at 127.0.0.1:17334 (0.2 s)", "valkey started at 127.0.0.1:1 (1.2 s)"),
        ("│ a │ 1,2 │\n│ ... │ │", "┏━━┳━━┓\n│ a │ 44 │\n│ b │ 1 │"),
        ("first\nthird", "first\nsecond\nthird"),
        ("score 1 2 3", "score 5"),
        ("│ a │ of a cell │\n│   │ that goes on │\n│ b │ c │", "│ a │ of a cell that goes on │\n│ b │ c │"),
        ("a line that\ngoes on\nanother", "a line that goes on\nanother"),
        ('{"a": [{"b": 1}], "c": null}', 'ready\n{"a": [{"b": 7}, {"b": 8}], "c": "x"}'),
    ],
)
def test_the_same_shape_lacks_nothing(shown, printed):
    assert lines_that_lack(shown, printed) == []


@pytest.mark.parametrize(
    ("shown", "printed", "lacking"),
    [
        ("run 7 is in force", "run 7 is out of force", ["run 7 is in force"]),
        ("first\nsecond", "second\nfirst", ["second"]),
        ("│ check │ passed │", "│ check │ failed │", ["│ check │ passed │"]),
        ("│ a │ of a cell │\n│   │ that ends │", "│ a │ of a cell that goes on │", ["│ a │ of a cell that ends │"]),
        ("a line that\nends", "a line that goes on", ["a line that", "ends"]),
        ('{"a": {"b": 1}}', '{"a": {"c": 1}}', [".a.b"]),
    ],
)
def test_another_shape_is_told(shown, printed, lacking):
    assert lines_that_lack(shown, printed) == lacking


@pytest.mark.parametrize(
    ("body", "commands"),
    [
        ("escore up   # stores\n\n# a word\nescore check\n", ["escore up   # stores", "escore check"]),
        ("A=$(curl x |\n  cat)\nB=1 \\\n  env\n", ["A=$(curl x |\n  cat)", "B=1 \\\n  env"]),
        ("python - <<'E'\nprint(1)\n\nprint(2)\nE\nls\n", ["python - <<'E'\nprint(1)\n\nprint(2)\nE", "ls"]),
    ],
)
def test_a_block_falls_into_its_commands(body, commands):
    assert [command.text for command in commands_of(body)] == commands
