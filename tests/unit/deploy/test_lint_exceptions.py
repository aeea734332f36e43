"""ruff's security rules hold for all that is shipped, and every exception from one says why."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PRODUCT = ("contracts", "deploy", "escore", "extract", "features", "flows", "models", "population", "serve", "stores")
EXCEPTION = re.compile(r"# noqa: [^#\n]*\bS\d{3}\b(?P<why>.*)$", re.MULTILINE)
DANGEROUS = {
    "S301": "import pickle\npickle.loads(b'')\n",
    "S307": "eval(input())\n",
    "S102": "exec(input())\n",
    "S506": "import yaml\nyaml.load(input(), Loader=yaml.Loader)\n",
    "S602": "import subprocess\nsubprocess.run(input(), shell=True, check=True)\n",
    "S605": "import os\nos.system(input())\n",
    "S501": "import httpx\nhttpx.get('https://host', verify=False, timeout=1)\n",
    "S324": "import hashlib\nhashlib.md5(b'')\n",
    "S306": "import tempfile\ntempfile.mktemp()\n",
}


def files() -> list[Path]:
    return [file for folder in PRODUCT for file in sorted((ROOT / folder).rglob("*.py"))]


def test_no_rule_of_security_is_off_for_what_is_shipped():
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    assert {rule for rule in lint["ignore"] if re.match(r"S\d", rule)} == {"S101", "S608"}
    off = {
        place for place, rules in lint["per-file-ignores"].items() if any(re.match(r"S(\d|$)", rule) for rule in rules)
    }
    assert not [place for place in off if place.split("/")[0] in PRODUCT]
    assert not [
        file for file in files() if re.search(r"# (?:ruff|flake8): noqa(?!: *PLC0415)", file.read_text("utf-8"))
    ]


def test_every_exception_says_why():
    found = [(file.name, told["why"]) for file in files() for told in EXCEPTION.finditer(file.read_text("utf-8"))]
    assert found
    assert not [(name, why) for name, why in found if not re.match(r"(?:, \w+)* - \w{2,}", why)]


@pytest.mark.parametrize("rule", DANGEROUS)
def test_what_is_dangerous_is_found(rule):
    words = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--output-format",
        "concise",
        "--stdin-filename",
        "flows/novo.py",
        "-",
    ]
    done = subprocess.run(words, cwd=ROOT, input=DANGEROUS[rule], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert rule in done.stdout
