"""Every target passes its samples, what it once failed, and a few cases of each engine; the long form tries 100,000.

The same cases every time: a failure here is one of this change, and ``python -m tests.fuzz`` looks for new ones.
"""

from __future__ import annotations

import base64
import importlib.util
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contracts.errors import DataIntegrityError
from tests.fuzz.__main__ import run_engine
from tests.fuzz.drawn import FoundError, draw_cases
from tests.fuzz.inventory import all_targets, find_target
from tests.fuzz.target import CPF, SECRET, HangError, Target, run_case, within

ROOT = Path(__file__).parents[2]
TARGETS = list(all_targets())
CASES = 40


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_parser_passes_its_samples_and_what_it_once_failed(target):
    for sample in (*target.seeds(), *target.regressions):
        run_case(target, sample)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_parser_passes_cases_that_are_drawn(target):
    draw_cases(target, CASES, number=1)


def broken(text: str) -> Target:
    """Return a target that does what a text says as soon as a case is longer than its sample."""

    def call(data: bytes) -> None:
        if len(data) <= len(b"abc"):
            return
        if text == "hang":
            while True:
                time.sleep(0)
        raise ValueError if text == "untyped" else DataIntegrityError(text)

    return Target("ensaio", "nothing", (), lambda: [b"abc"], call, seconds=0.2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("untyped", ValueError),
        ("hang", HangError),
        (f"the password {SECRET[2:9]} is wrong", AssertionError),
        (f"the CPF {CPF} is unknown", AssertionError),
        ("two\nlines", AssertionError),
        ("\x1b[31mred", AssertionError),
        ("half a character: \ud800", AssertionError),
        ("x" * 5_000, AssertionError),
    ],
)
def test_what_a_parser_must_not_do_is_found_and_made_small(text, told):
    with pytest.raises(FoundError) as found:
        draw_cases(broken(text), 200, number=1)
    assert isinstance(found.value.__cause__, told)
    assert len(found.value.data) > 3


def test_one_clear_line_is_an_error_of_the_parsers_own():
    draw_cases(broken("not of the form that was expected"), 50, number=1)


def test_what_takes_too_long_is_stopped_though_it_catches_everything():
    def careless() -> None:
        while True:
            try:
                sum(range(1_000))
            except Exception:  # noqa: BLE001 - that is what it must not help with
                continue

    with pytest.raises(HangError), within(0.1):
        careless()


def test_a_case_is_repeated_by_the_command_that_a_failure_prints():
    case = base64.b64encode(b'{"faixas": 1}').decode()
    command = [sys.executable, "-m", "tests.fuzz", "--target", "lake/plan", "--case", case]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "passed\n"), done.stderr


@pytest.mark.long
@pytest.mark.parametrize("name", [target.name for target in TARGETS])
@pytest.mark.timeout(7_200)
def test_a_parser_passes_a_hundred_thousand_cases(name):
    engines = {"hypothesis": 5_000, "atheris": 95_000}
    if importlib.util.find_spec("atheris") is None:
        engines = {"hypothesis": 100_000}
    for engine, cases in engines.items():
        outcome = run_engine(engine, name, cases, seed=1)
        assert not outcome.problem, f"{outcome.problem}: python -m tests.fuzz --target {name} --case {outcome.case}"
        assert outcome.cases >= cases * 0.99
    assert find_target(name).what
