"""The request path starts without the batch side's libraries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
HEAVY = ("pandas", "sklearn", "pyarrow", "numpy", "duckdb", "prefect", "matplotlib")


def test_the_application_imports_nothing_heavy():
    program = f"import sys, serve.api.run_server; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
