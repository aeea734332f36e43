"""The lock is what pyproject.toml asks for, by hash and without an address; the image's is a part of it."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.supply.image_packages import EXTRAS, REQUIREMENTS, ROOT, declared, image_packages, image_requirements
from deploy.supply.lock_file import LOCK, ROOT_PACKAGE, read_lock

OUTSIDE = {"peers", "fuzz", "notebooks"}
"""Extras that are not locked: what benchmarks are measured beside, the long form of fuzzing, Jupyter."""
PINS = read_lock()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCKED_EXTRAS = set(PROJECT["optional-dependencies"]) - OUTSIDE
ASKED = [Requirement(line) for line in declared(*sorted(LOCKED_EXTRAS))]


def test_every_requirement_is_locked_at_a_version_that_it_takes():
    for requirement in ASKED:
        pins = [pin for pin in PINS if pin.name == canonicalize_name(requirement.name)]
        assert pins, f"{requirement.name} is not locked: make lock"
        assert all(requirement.specifier.contains(pin.version, prereleases=True) for pin in pins), requirement.name


def test_nothing_is_locked_that_nobody_asks_for_any_more():
    direct = {pin.name for pin in PINS if ROOT_PACKAGE in pin.askers}
    assert direct == {canonicalize_name(requirement.name) for requirement in ASKED}
    names = {pin.name for pin in PINS}
    assert all(pin.askers and set(pin.askers) <= names | {ROOT_PACKAGE} for pin in PINS)


def test_the_lock_is_made_by_the_command_of_the_makefile():
    command = re.search(r"^\t\$\(BIN\)/(uv pip compile .*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert command is not None
    noted = LOCK.read_text("utf-8").splitlines()[1].lstrip("# ")
    assert noted == command[1].replace("--quiet ", "")
    assert set(re.findall(r"--extra (\S+)", noted)) == LOCKED_EXTRAS


@pytest.mark.parametrize("lock", [LOCK, REQUIREMENTS], ids=lambda lock: str(lock.relative_to(ROOT)))
def test_a_lock_has_no_address_and_no_option_of_an_index(lock):
    assert not re.findall(r"://|@ |^-|--(?!hash=sha256:[0-9a-f]{64})", _without_comments(lock.read_text("utf-8")), re.M)


def _without_comments(text: str) -> str:
    return re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)


def test_the_image_s_lock_is_current():
    """`make lock` writes it."""
    assert REQUIREMENTS.read_text("utf-8") == image_requirements()


def test_the_image_has_neither_the_embedded_stores_nor_the_tests_packages():
    """What is left of those extras is what Dask, Great Expectations, Prefect and Rich need themselves."""
    others = declared(*LOCKED_EXTRAS - set(EXTRAS))[len(declared()) :]
    names = {canonicalize_name(Requirement(line).name) for line in others}
    assert names & set(image_packages()) == {"jsonschema", "markdown-it-py", "packaging", "psutil"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a==1 \\\n    # via escore (pyproject.toml)\n", "a has no hash"),
        ("a==1\n", "line 1: not a pin"),
        ("a @ https://host/a.whl\n", "line 1: not a pin"),
        (f"a==1 \\\n    --hash=sha256:{'0' * 64}\n--index-url https://host\n", "line 3: not a pin"),
        (f"a==1 \\\n    --hash=md5:{'0' * 32}\n", "line 2: not a pin"),
    ],
)
def test_a_line_that_is_no_pin_is_told(tmp_path, text, told):
    lock = tmp_path / "lock"
    lock.write_text(text)
    with pytest.raises(ValueError, match=told):
        read_lock(lock)
