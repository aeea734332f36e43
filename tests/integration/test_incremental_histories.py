"""Whatever happens to the stores between two nights, an incremental run leaves the snapshot that a full one would."""

from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from contracts.artifacts import ArtifactStore
from contracts.extraction import Extraction
from contracts.reference_date import cutoff_utc
from contracts.settings import Settings
from contracts.tables import TABLES
from extract.erased import Erased
from extract.extraction import extract_range, extract_strays
from extract.lake import write_extraction
from extract.partitions import plan_ranges
from flows.base_snapshot import choose_base, origin_of
from flows.changes import stage_changes
from flows.erase_lake import Person, erase_from_lake, find_cpfs
from flows.range_base import open_base
from flows.run_plan import RunIdentity, write_plan
from stores.ledger import Run
from tests.extract_samples import sources_of
from tests.incremental_samples import CPFS, OVERLAP_DAYS, START, Change, Town, changes

NIGHTS = st.lists(st.tuples(st.integers(0, 2), st.lists(changes(), min_size=1, max_size=8)), min_size=1, max_size=3)
SETTINGS = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.explicit, Phase.reuse, Phase.generate],  # to shrink on real stores takes minutes
}
NO_RUN = dict.fromkeys(Run.__dataclass_fields__)


@pytest.fixture(scope="module")
def stage(make_installation, tmp_path_factory):
    made = make_installation("historias")
    chosen = Settings(**{n: getattr(made, n) for n in made.model_fields_set} | {"overlap_days": OVERLAP_DAYS})
    with sources_of(made) as sources:
        folder = tmp_path_factory.mktemp("historias")
        yield SimpleNamespace(settings=chosen, town=Town(made), sources=sources, folder=folder, runs=0)


class Nights:
    """Runs of one history: the first full, the others each on the snapshot of the one before."""

    def __init__(self, stage: SimpleNamespace) -> None:
        self.stage = stage
        self.sources = stage.sources
        stage.runs += 1
        self.lake = ArtifactStore(stage.folder / str(stage.runs))
        self.as_of = START
        self.last: RunIdentity | None = None
        self.ranges = plan_ranges(stage.sources.base_a, range_size=3)
        self.number = 0

    def read_fully(self) -> dict[int | None, Extraction]:
        read = {r.index: extract_range(self.sources, r, as_of=self.as_of) for r in self.ranges}
        return {**read, None: extract_strays(self.sources, as_of=self.as_of)}

    def begin(self) -> None:
        run = self._next()
        for index, extraction in self.read_fully().items():
            write_extraction(self.lake, run.snapshot_id, index, extraction, as_of=self.as_of)
        write_plan(self.lake, run.snapshot_id, self.ranges, origin=origin_of(self.stage.settings))

    def go_on(self) -> dict[int | None, Extraction]:
        last = self.last
        assert last is not None
        in_force = Run(**NO_RUN | {"id": last.execucao_id, "data_referencia": last.as_of, "extraidos": 1})
        found = choose_base(self.stage.settings, self.lake, in_force)
        assert found.base is not None, found.reason
        run = self._next()
        stage_changes(self.lake, self.sources, run, found)
        write_plan(self.lake, run.snapshot_id, found.ranges, origin=origin_of(self.stage.settings), base=found.base)
        base = open_base(self.lake, run)
        assert base is not None
        read = {r.index: base.refresh(self.sources, r, as_of=self.as_of) for r in self.ranges}
        read = {**read, None: base.refresh_strays(self.sources, as_of=self.as_of)}
        for index, extraction in read.items():
            write_extraction(self.lake, run.snapshot_id, index, extraction, as_of=self.as_of)
        return read

    def erase(self, client_id: str) -> None:
        """Take a consumer out of the snapshots and keep them out of what follows, as `escore erase` does."""
        known = find_cpfs(self.lake, client_id) | self.stage.town.cpfs_of(client_id)
        cpfs = known - cpfs_of_others(self.stage.town, client_id, known)
        hashes = self.sources.erased.hashes if self.sources.erased else frozenset()
        hashes |= {f"id {client_id}", *(f"cpf {cpf}" for cpf in cpfs)}
        self.sources = replace(self.sources, erased=Erased(hashes, "cpf {}".format, "id {}".format))
        erase_from_lake(self.lake, Person(client_id, frozenset(cpfs)), self.lake.list("snapshots"))

    @property
    def last_cutoff(self) -> datetime:
        return cutoff_utc(self.last.as_of)

    def _next(self) -> RunIdentity:
        self.number += 1
        self.last = RunIdentity(UUID(int=self.number), self.as_of, "m")
        return self.last


def cpfs_of_others(town: Town, client_id: str, cpfs: frozenset[str]) -> frozenset[str]:
    ids = {town.consumer(row) for row in range(40)} - {None, client_id}
    return frozenset(cpf for other in ids for cpf in town.cpfs_of(str(other))) & cpfs


def assert_same(full: Extraction, incremental: Extraction, place: object) -> None:
    for table in TABLES:
        assert incremental.tables[table.name].equals(full.tables[table.name]), (place, table.name)
    assert incremental.rejects.to_pylist() == full.rejects.to_pylist(), place
    assert incremental.counts == full.counts, place
    assert _heads_in_use(incremental) == _heads_in_use(full), place


def _heads_in_use(extraction: Extraction) -> dict[str, int]:
    """Return the events before the next watermark: of erased persons' the snapshot knows no other age."""
    return {name: heads[OVERLAP_DAYS] for name, heads in extraction.heads.items()}


def live_through(stage: SimpleNamespace, history: list[tuple[int, list[Change]]]) -> None:
    stage.town.reset()
    nights = Nights(stage)
    nights.begin()
    for days, happened in history:
        for change in happened:
            client_id = stage.town.consumer(change.row)
            if change.kind != "erase":
                stage.town.apply(change, nights.last_cutoff)
            elif client_id is not None:
                nights.erase(client_id)
        nights.as_of += timedelta(days=days)
        full, incremental = nights.read_fully(), nights.go_on()
        note(f"{nights.as_of} after {happened}: {[extraction.read_whole for extraction in incremental.values()]}")
        for place in full:
            assert_same(full[place], incremental[place], place)


@settings(max_examples=5, **SETTINGS)
@given(history=NIGHTS)
def test_any_history_gives_the_same_snapshot(stage, history):
    live_through(stage, history)


@pytest.mark.long
@pytest.mark.timeout(7_200)
@settings(max_examples=300, **SETTINGS)
@given(history=NIGHTS)
def test_many_histories_give_the_same_snapshot(stage, history):
    live_through(stage, history)


def test_a_quiet_night_reads_nothing_whole(stage):
    stage.town.reset()
    nights = Nights(stage)
    nights.begin()
    stage.town.apply(Change("insert", "compras", 0, 3, 80, 10), nights.last_cutoff)
    nights.as_of += timedelta(days=1)
    full, incremental = nights.read_fully(), nights.go_on()
    assert {place: extraction.read_whole for place, extraction in incremental.items()} == dict.fromkeys(full, ())
    assert full[0].counts == incremental[0].counts


def test_a_deletion_of_an_old_event_has_its_range_read_whole_and_no_other(stage):
    stage.town.reset()
    nights = Nights(stage)
    nights.begin()
    stage.town.apply(Change("delete", "consultas", 7, 0, 0, 0), nights.last_cutoff)
    incremental = nights.go_on()
    whole = [names for names in (extraction.read_whole for extraction in incremental.values()) if names]
    assert whole == [("consultas",)]


@pytest.mark.parametrize("arrived", ["without a time", "with a list of CPFs"])
def test_a_deletion_is_noticed_though_an_odd_document_arrived_the_same_night(stage, arrived):
    """The collection's number is what it was: the odd one must be found by itself."""
    stage.town.reset()
    nights = Nights(stage)
    nights.begin()
    stage.town.apply(Change("delete", "consultas", 7, 0, 0, 0), nights.last_cutoff)
    odd = {"cpf": CPFS[1], "empresa": "X"}
    if arrived == "with a list of CPFs":
        odd |= {"cpf": [CPFS[5], CPFS[1], 3], "data_consulta": nights.last_cutoff, "tipo_empresa": "loja"}
    stage.town.insert_event("consultas", odd)
    full, incremental = nights.read_fully(), nights.go_on()
    for place in full:
        assert_same(full[place], incremental[place], place)
    assert sum(len(extraction.read_whole) for extraction in incremental.values()) == 1


def test_a_consumer_gone_and_another_come_with_old_times_are_both_noticed(stage):
    """The range holds as many as before, and no time tells."""
    stage.town.reset()
    nights = Nights(stage)
    nights.begin()
    stage.town.apply(Change("delete", "cliente", 1, 0, 0, 0), nights.last_cutoff)
    stage.town.apply(Change("import", "cliente", 0, 1, 0, 5), nights.last_cutoff)
    full, incremental = nights.read_fully(), nights.go_on()
    for place in full:
        assert_same(full[place], incremental[place], place)


def test_nothing_to_go_on_from_is_said(stage):
    stage.town.reset()
    nights = Nights(stage)
    nights.begin()
    run = Run(**NO_RUN | {"id": nights.last.execucao_id, "data_referencia": START, "extraidos": 1})
    assert choose_base(stage.settings, nights.lake, None).reason == "no run is in force"
    other = stage.settings.model_copy(update={"range_size": 500})
    assert "other stores or settings" in choose_base(other, nights.lake, run).reason
    nights.lake.delete(f"snapshots/{run.id}/faixa-00001")
    assert "incomplete or damaged" in choose_base(stage.settings, nights.lake, run).reason
    assert "not in the lake" in choose_base(stage.settings, nights.lake, replace(run, id=UUID(int=99))).reason
