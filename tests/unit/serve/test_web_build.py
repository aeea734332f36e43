"""The page's sources in ``serve/web``: types, lint, unit tests, and that the built files are what they build into."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from serve.api.web_page import FOLDER, web_files

WEB = FOLDER.parent
MODULES = WEB / "node_modules"
DIRECT = 8
"""Development packages that are named; each of them is one more thing to keep."""


def run(*words: str) -> str:
    """Run a command of Node's in the page's folder; return what it said. Without its packages the test is left out."""
    if not (MODULES / ".lock").exists():
        pytest.skip("the page's packages are not installed: `scripts/install-web` installs them, with Node and npm")
    environment = os.environ | {"CI": "true", "NO_COLOR": "1"}
    done = subprocess.run(words, cwd=WEB, env=environment, capture_output=True, text=True, check=False, timeout=280)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def test_types_and_lint_hold():
    run("npm", "run", "check")


def test_its_unit_tests_pass():
    assert " passed" in run("npm", "test")


def test_the_built_files_are_what_the_sources_build_into(tmp_path):
    """They are kept in the repository (docs/decisions/0014-web-page.md): `make web` builds them anew."""
    run("node", "node_modules/vite/bin/vite.js", "build", "--outDir", str(tmp_path / "static"), "--emptyOutDir")
    built, kept = files_of(tmp_path / "static"), files_of(FOLDER)
    assert sorted(built) == sorted(kept)
    assert [name for name in built if built[name] != kept[name]] == []


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_without_the_built_files_there_is_no_page(tmp_path):
    assert web_files(tmp_path / "nowhere") == {}


def test_a_machine_without_node_is_told_loudly_and_stopped_by_nothing(tmp_path):
    (tmp_path / "dirname").symlink_to(shutil.which("dirname") or "")
    script = WEB.parents[1] / "scripts" / "install-web"
    done = subprocess.run(["/bin/sh", script], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "no Node with npm here" in done.stderr
    assert "NOT run: the page's build, types, lint, unit tests and axe checks" in done.stderr


def test_the_lock_names_checksums_and_no_host():
    lock = json.loads((WEB / "package-lock.json").read_text("utf-8"))
    for place, package in lock["packages"].items():
        assert "resolved" not in package
        assert not place or ("version" in package and "integrity" in package), place
    settings = (WEB / ".npmrc").read_text("utf-8")
    assert "omit-lockfile-registry-resolved=true" in settings
    assert "registry=" not in settings
    assert "http" not in settings


def test_every_package_that_is_named_is_pinned():
    named = json.loads((WEB / "package.json").read_text("utf-8"))
    assert set(named["dependencies"]) == {"@base-ui/react", "react", "react-dom"}
    assert len(named["devDependencies"]) <= DIRECT
    assert all(version[0].isdigit() for kind in ("dependencies", "devDependencies") for version in named[kind].values())
