"""The work whose flame graph is drawn: every range from the lake to scores, by the functions of whichever tree runs it.

    PYTHONPATH=TREE python flame_work.py LAKE

Stands alone: it runs in trees that lack this folder's other modules, those that worked range by range among them.
"""

from __future__ import annotations

import sys
import time
from datetime import date
from pathlib import Path
from uuid import UUID

from contracts.artifacts import ArtifactStore
from flows import range_work
from flows.run_plan import RunIdentity, read_plan, scores_root
from models.points.document import parse_points_table

RUN = RunIdentity(UUID("01900000-0000-7000-8000-000000000000"), date(2025, 6, 30), "bancada")
"""The run of ``lake_snapshot``."""


def main() -> None:
    lake = ArtifactStore(Path(sys.argv[1]))
    points = parse_points_table((Path(sys.argv[1]) / "modelo.json").read_bytes())
    lake.delete(scores_root(RUN.execucao_id))
    work = range_work.RangeWork(RUN, None, lake, points)  # type: ignore[arg-type] - no store is asked
    ranges = read_plan(lake, RUN.snapshot_id) or ()
    started, cpu = time.perf_counter(), time.process_time()
    if hasattr(range_work, "work_ranges"):
        range_work.work_ranges(work, ranges)
    else:
        for cpf_range in ranges:
            range_work.work_range(work, cpf_range)
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    print(f"{len(ranges)} ranges: wall {wall:.2f} s, CPU {cpu:.2f} s", flush=True)


if __name__ == "__main__":
    main()
