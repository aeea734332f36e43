"""The steps from the lake: features, and features with score and reasons; ours, the floor and the peers.

Each contender works over the same snapshot (``lake_snapshot``) in a process of its own, reads Parquet and leaves
Parquet. Seconds begin when its engine is loaded (PySpark's virtual machine started). The features that it leaves must
be ours, bit by bit (Polars' amounts to 1 unit of the last place). Measured by ``python -m benchmarks --steps features
score``; Polars and PySpark need the extra ``peers``, PySpark also Java 17.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from benchmarks.lake_snapshot import AS_OF, RUN, RUN_ID, SnapshotSize, obtain_snapshot
from benchmarks.measured_process import ContenderError, run_module, tell, timed
from benchmarks.peers.night import ours
from benchmarks.peers.night.contenders import BY_KEY, CONTENDERS, Contender, features_folder, scores_folder
from benchmarks.peers.night.equality import feature_differences
from benchmarks.peers.night.fitted_models import make_models
from benchmarks.peers.night.snapshot import Night
from benchmarks.table.figures import FLOOR, OURS, Run, Step
from benchmarks.table.rounds import Entrant, Outcome, Report
from contracts.artifacts import ArtifactStore
from extract.lake import snapshot_path
from features.build import declared_columns
from features.catalog import FEATURES
from flows.run_plan import scores_root

EQUAL = "features equal"


@contextmanager
def night_entrants(
    step: Step, size: SnapshotSize, *, lakes: Path, names: Collection[str], report: Report
) -> Iterator[list[Entrant]]:
    """Yield a step's contenders over the snapshot of a size, which is written first where it is not there whole."""
    report(f"snapshot of {size.consumers:,} consumers, models")
    lake = obtain_snapshot(lakes / f"{size.consumers}-{size.range_size}", size, workers=os.cpu_count() or 1)
    lake.delete(scores_root(RUN_ID))  # of another day's code, perhaps
    models = obtain_models(lakes)
    night = Night(Path(lake.root), AS_OF, size.ranges)
    with TemporaryDirectory(prefix="escore-noite-") as folder:
        bench = NightBench(night, models, Path(folder), lake)
        yield [
            Entrant(one.name, bench.measuring(one), one.missing)
            for one in CONTENDERS
            if one.step is step and one.name in names
        ]


def obtain_models(lakes: Path) -> Path:
    """Return the folder of both models, fitted on the features as they are now if they are not there."""
    formulas = "".join(f"{feature.name}={feature.formula};" for feature in FEATURES)
    folder = lakes / f"modelos-{hashlib.sha256(formulas.encode()).hexdigest()[:12]}"
    if not (folder / "pronto").exists():
        shutil.rmtree(folder, ignore_errors=True)
        make_models(folder, AS_OF)
        (folder / "pronto").touch()
    return folder


class NightBench:
    """Measures contenders over one night and holds what they leave against what ours left in the lake."""

    def __init__(self, night: Night, models: Path, root: Path, lake: ArtifactStore) -> None:
        self.night, self.models, self.root, self.lake = night, models, root, lake
        self.rows = sum(
            entry.rows or 0
            for index in range(night.ranges)
            if (manifest := lake.read_manifest(snapshot_path(RUN.snapshot_id, index))) is not None
            for table in declared_columns()
            if (entry := manifest.files.get(f"{table}.parquet")) is not None
        )

    def measuring(self, contender: Contender) -> MeasuredContender:
        """Return the call that measures a contender once."""
        return MeasuredContender(self, contender)

    def ensure_ours(self) -> None:
        """Leave our own features and scores in the lake, for the others to be held against."""
        if len(self.lake.list(scores_root(RUN_ID))) != self.night.ranges:
            run_contender(BY_KEY[Step.SCORE, OURS], self.night, self.models, self.root)


class MeasuredContender:
    """One contender of a night; its answer is compared after the first run."""

    def __init__(self, bench: NightBench, contender: Contender) -> None:
        self.bench, self.contender, self.answer = bench, contender, ""

    def __call__(self) -> Outcome:
        bench, contender = self.bench, self.contender
        is_ours = contender is BY_KEY[Step.SCORE, OURS]
        if not is_ours:
            bench.ensure_ours()
        folder = bench.root / contender.name
        folder.mkdir()
        try:
            found = run_contender(contender, bench.night, bench.models, folder)
            left = bench.night.lake / scores_root(RUN_ID) if is_ours else folder
            self.answer = self.answer or self._compare(folder)
            octets = bytes_read(bench.night, whole=contender.name == OURS) + _size(left)
        finally:
            shutil.rmtree(folder)
        run = Run(found["wall"], found["cpu"], found["peak_mib"])
        return Outcome(run, bench.rows, octets, self.answer)

    def _compare(self, folder: Path) -> str:
        if self.contender.name == FLOOR or self.contender is BY_KEY[Step.SCORE, OURS]:
            return "the measure" if self.contender.name == OURS else ""
        features, scores = ours.read_results(self.bench.night)
        theirs = _read(features_folder(folder))
        problems = feature_differences(features, theirs, last_place=self.contender.last_place)
        if self.contender.step is Step.SCORE and (rows := _read(scores_folder(folder), ["cpf"]).num_rows) != len(
            scores
        ):
            problems.append(f"{rows} scores where we have {len(scores)}")
        if problems:
            raise ContenderError(f"another answer: {'; '.join(problems)[:300]}", "\n".join(problems))
        return EQUAL


def run_contender(contender: Contender, night: Night, models: Path, folder: Path) -> dict[str, float]:
    """Return what a contender took in a process of its own."""
    arguments = ["--work", contender.step.value, contender.name, "--lake", night.lake, "--ranges", night.ranges]
    arguments += ["--models", models, "--out", folder]
    return run_module("benchmarks.night_peers", arguments, log=folder / "stderr.log")


def bytes_read(night: Night, *, whole: bool) -> int:
    """Return how many bytes of Parquet a night has to read: whole files, or the columns that features need."""
    files = [(file, columns) for table, columns in declared_columns().items() for file in night.files(table)]
    if whole:
        root = Path(night.files("cliente")[0]).parent.parent
        return sum(path.stat().st_size for path in root.glob("faixa-*/*"))
    return sum(_column_bytes(file, columns) for file, columns in files)


def _column_bytes(file: str, columns: Collection[str]) -> int:
    metadata = pq.read_metadata(file)
    chunks = (
        metadata.row_group(group).column(place)
        for group in range(metadata.num_row_groups)
        for place in range(metadata.num_columns)
    )
    return sum(chunk.total_compressed_size for chunk in chunks if chunk.path_in_schema in columns)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.parquet") if path.is_file())


def _read(path: Path, columns: list[str] | None = None) -> pa.Table:
    return ds.dataset(path, format="parquet").to_table(columns)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", nargs=2, required=True, metavar=("STEP", "CONTENDER"))
    for name in ("--lake", "--models", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--ranges", type=int, required=True)
    options = parser.parse_args()
    step, name = options.work
    night = Night(options.lake, AS_OF, options.ranges)
    tell(timed(BY_KEY[Step(step), name].prepare(night, options.models, options.out)))


if __name__ == "__main__":
    main()
