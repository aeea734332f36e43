"""No file of the repository holds a secret, or the name of a host that packages come from."""

from __future__ import annotations

import base64
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SECRETS = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/]{16}"),
    "an AWS key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})"),
    "a Prefect key": re.compile(r"\bpn[ub]_[A-Za-z0-9]{36}\b"),
    "a Slack token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    "a Google key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "a signed token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}"),
    "a password in an address": re.compile(r"://[^\s:/@'\"{}<>$]+:(?P<password>[^\s/@'\"{}<>$*]{12,})@"),
}
NO_SECRET = re.compile(r"escore-admin|hunter2\w*")
"""Passwords of servers on the developer's own machine, and those that tests look for where none may be."""
HOSTS = [
    base64.b64decode(word).decode() for word in ("cHlwaS5vcmc=", "cHl0aG9uaG9zdGVkLm9yZw==", "cmVnaXN0cnkubnBtanM=")
]
"""Package indexes, written so that this file does not name them."""
ANY_INDEX = re.compile(r"^\s*(?:--)?(?:extra-)?index-url\b|\"resolved\":|PIP_INDEX_URL=", re.MULTILINE)


@cache
def committed() -> tuple[Path, ...]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return tuple(ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file())


def texts() -> Iterator[tuple[Path, str]]:
    for file in committed():
        try:
            yield file, file.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # a picture


def secrets_in(text: str) -> list[str]:
    return [
        kind
        for kind, pattern in SECRETS.items()
        for found in pattern.finditer(text)
        if not NO_SECRET.fullmatch(found.groupdict().get("password") or "")
    ]


def test_no_committed_file_holds_a_secret():
    found = {str(file.relative_to(ROOT)): kinds for file, text in texts() if (kinds := secrets_in(text))}
    assert not found


def test_no_committed_file_names_a_package_index():
    named = {str(file.relative_to(ROOT)) for file, text in texts() if any(host in text for host in HOSTS)}
    told = {str(file.relative_to(ROOT)) for file, text in texts() if file != Path(__file__) and ANY_INDEX.search(text)}
    assert not named | told


def test_files_of_secrets_are_not_committed():
    assert not [file for file in committed() if file.name == ".env" or file.suffix in {".pem", ".key", ".p12", ".pfx"}]


def test_what_programs_leave_beside_our_files_is_not_committed():
    left = {".ipynb_checkpoints", "__pycache__", "node_modules", ".venv", "var"}
    assert not [str(file) for file in committed() if left.intersection(file.relative_to(ROOT).parts)]


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA PRIVATE KEY-----\n" + "A" * 64,
        "key = " + "AKIA" + "A" * 16,
        "ghp_" + "a" * 36,
        "Bearer " + ".".join(["eyJ" + "a" * 12, "eyJ" + "b" * 12, "c" * 30]),
        "postgresql://someone:" + "x" * 16 + "@db.example/x",
    ],
)
def test_a_secret_is_found(text):
    assert secrets_in(text)
