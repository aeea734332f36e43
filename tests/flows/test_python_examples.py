"""The examples in the Python interface's docstrings, run on a finished night; and every function has one."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

import escore
from tests.flows.conftest import Night, environment_of

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
MODULES = [importlib.import_module(f"escore.{one.name}") for one in pkgutil.iter_modules(escore.__path__)]
"""Their examples are run here and not where pytest finds them, for they need a night."""


def examples() -> list[doctest.DocTest]:
    found = [case for module in (escore, *MODULES) for case in doctest.DocTestFinder().find(module)]
    return [case for case in found if case.examples]


@pytest.fixture(autouse=True)
def settings(night: Night, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in environment_of(night.settings).items():
        monkeypatch.setenv(name, value)
    mpl.use("Agg")
    yield
    plt.close("all")


@pytest.mark.parametrize("case", examples(), ids=lambda case: case.name)
def test_example_holds_on_a_night(case: doctest.DocTest):
    case.globs |= {"escore": escore}
    told: list[str] = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    assert runner.run(case, out=told.append).failed == 0, "".join(told)


def test_every_function_has_an_example():
    shown = {case.name.rpartition(".")[2] for case in examples()}
    public = {name for name in escore.__all__ if inspect.isfunction(getattr(escore, name))}
    assert public - shown == set()
    assert len(public) > 20
