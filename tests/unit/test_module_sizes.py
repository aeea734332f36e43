"""A module is one idea: what has grown beyond so many lines holds two, and is to be split by them."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST = 300


def test_no_module_of_the_product_is_longer_than_one_idea():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packages = [*project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"], "deploy"]
    lines = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for package in packages
        for path in (ROOT / package).rglob("*.py")
    }
    assert len(lines) > 200, "the modules were not found"
    assert {path: length for path, length in lines.items() if length > LONGEST} == {}
