"""An audit that was not answered is never taken for a clean one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.supply.audit import CLEAN, FAULTS, NOT_ASKED, judge

ROOT = Path(__file__).parents[3]
CLEAN_ONE = {"name": "a", "version": "1", "vulns": []}
FAULT = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]}
SKIPPED = {"name": "c", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("packages", "code", "told"),
    [
        ([CLEAN_ONE], CLEAN, "1 asked, no known fault"),
        ([CLEAN_ONE, FAULT], FAULTS, "b 2: PYSEC-1, mended in 2.1"),
        ([CLEAN_ONE, SKIPPED], NOT_ASKED, "not audited: the service knows nothing of 1 of 2: c"),
        ([FAULT, SKIPPED], FAULTS, "not audited: the service knows nothing of 1 of 2: c"),
        ([], NOT_ASKED, "not audited: the service knows nothing of 0 of 0: "),
    ],
)
def test_an_answer_is_judged(packages, code, told):
    found, lines = judge(json.dumps({"dependencies": packages, "fixes": []}))
    assert found == code
    assert told in lines


def test_a_lock_that_pip_audit_does_not_take_is_not_audited(tmp_path):
    """pip-audit itself, on a pin without a hash: it refuses before it asks anybody."""
    lock = tmp_path / "lock"
    lock.write_text("typer==0.20\n")
    words = [sys.executable, "-m", "deploy.supply.audit", str(lock)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (NOT_ASKED, f"{lock}: not audited: the service gave no answer\n")
