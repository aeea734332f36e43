"""A bundle names every package that its code can come to import, and has every folder of that code."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from deploy.package.bundles import ROOT, RUNTIME, SYSTEM_A, SYSTEM_B, SYSTEM_C, SYSTEM_CODE, Bundle
from deploy.supply.locked import closure, target_environment

BUNDLES = (SYSTEM_A, SYSTEM_B, SYSTEM_C)
STARTED = {"system-a": "serve_system", "system-b": "serve_system", "system-c": "entry"}
DOCUMENTS = {"serve.sources.mongo_store", "serve.systems.system_c", "serve.systems.consumer_events", "pymongo"}
SERVER = {"uvicorn", "serve.api.server", "serve.api.run_server"}
OTHERS = {"system-a": DOCUMENTS, "system-b": DOCUMENTS, "system-c": SERVER}
"""What the code imports for another system: where that one is made, or where its store's URL is read."""
NOT_HERE = {
    "opentelemetry": "traces, where SCORE_OTLP_ENDPOINT is set; no template sets it",
    "boto3": "in Lambda's own runtime, and asked by nothing elsewhere",
}


@cache
def imports_of(file: Path) -> frozenset[str]:
    """Return the modules that a file imports, anywhere in it, but what types alone need."""
    tree = ast.parse(file.read_text("utf-8"))
    found: set[str] = set()
    for node in _run(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return frozenset(found)


def _run(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from _run(child)


def file_of(module: str) -> Path | None:
    place = ROOT / module.replace(".", "/")
    return next((file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()), None)


@cache
def reached(bundle: Bundle) -> tuple[frozenset[str], frozenset[str]]:
    """Return our modules and the others that a bundle's program can come to import."""
    ours: set[str] = set()
    others: set[str] = set()
    waiting = set(imports_of(RUNTIME / f"{STARTED[bundle.name]}.py"))
    while waiting:
        module = waiting.pop()
        if module in ours or OTHERS[bundle.name] & {module, module.partition(".")[0]}:
            continue
        file = file_of(module)
        if file is not None:
            ours.add(module)
            waiting |= imports_of(file) | ({module.rpartition(".")[0]} - {""})
        elif not (ROOT / module.partition(".")[0]).is_dir():
            others.add(module.partition(".")[0])
    return frozenset(ours), frozenset(others)


homes = cache(packages_distributions)


def lacking(bundle: Bundle, packages: tuple[str, ...]) -> set[str]:
    """Return the modules that the bundle's code imports and whose distributions these packages do not bring."""
    held = set(closure(packages, target_environment("3.12")))
    known = {*sys.stdlib_module_names, *NOT_HERE, *(Path(name).stem for name in bundle.runtime)}
    return {
        module
        for module in reached(bundle)[1] - known
        if not {canonicalize_name(name) for name in homes().get(module, ())} & held
    }


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda bundle: bundle.name)
def test_a_bundle_holds_every_package_that_its_code_imports(bundle):
    assert lacking(bundle, bundle.packages) == set()


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda bundle: bundle.name)
def test_a_bundle_has_the_code_that_its_program_reaches(bundle):
    ours, _ = reached(bundle)
    assert f"serve.systems.system_{bundle.name[-1]}" in ours
    assert {module.partition(".")[0] for module in ours} <= set(bundle.code)
    assert bundle.code == SYSTEM_CODE


@pytest.mark.parametrize(
    ("bundle", "left_out"),
    [
        (SYSTEM_A, "pydantic-settings"),
        (SYSTEM_B, "httpx"),
        (SYSTEM_B, "prometheus-client"),
        (SYSTEM_C, "pymongo"),
        (SYSTEM_C, "mangum"),
    ],
)
def test_a_package_that_is_left_out_is_told(bundle, left_out):
    packages = tuple(name for name in bundle.packages if name != left_out)
    assert len(packages) < len(bundle.packages)
    assert lacking(bundle, packages)


def test_what_another_system_alone_needs_is_there():
    named = {module for modules in OTHERS.values() for module in modules}
    assert {module for module in named if not file_of(module)} == {"pymongo", "uvicorn"}
