"""Run every benchmark that needs no more than minutes, one after the other, at its default size."""

from __future__ import annotations

import subprocess
import sys

QUICK = (
    "apply_points",
    "train_scorecard",
    "redis_layout",
    "publishing",
    "feature_engines",
    "score_lake",
    "server_choice",
    "cached_score",
)


def main() -> int:
    failed = []
    for name in QUICK:
        print(f"\n== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode:
            failed.append(name)
    print(f"\nfailed: {', '.join(failed) or 'none'}; `python -m benchmarks.run_memory` takes longer and is run apart")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
