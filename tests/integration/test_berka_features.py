"""The Berka data through the real stores, against a plain reading of its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial

import pyarrow as pa
import pytest
import sqlalchemy as sa

from contracts.errors import TrainingRefusedError
from contracts.extraction import Extraction, TableCounts
from contracts.settings import Settings
from contracts.tables import TABLES
from extract.extraction import extract_range, extract_strays
from extract.partitions import plan_ranges
from extract.sources import Sources
from features.build import build_features
from flows.populate import import_berka_files
from flows.training_samples import model_inputs
from models.label import label_defaults
from models.training.data import DatedSample, TrainingData
from models.training.dates import plan_training_dates
from models.training.train import train_scorecard
from tests.berka_by_hand import BERKA, ByHand, months_later
from tests.extract_samples import sources_of

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not BERKA.is_dir(), reason=f"the Berka data is not at {BERKA}"),
]

DATES = (date(1994, 2, 28), date(1998, 4, 30), date(1998, 12, 31))
"""The last is the snapshot's own; unpaid instalments fall due on both sides of the second."""

RANGE_SIZE = 1_500
MATURE = date(1997, 9, 30)
"""Its label (12 months and 90 days later) is known on 29 December 1998, within the data; a week later it is not."""


@pytest.fixture(scope="module")
def by_hand() -> ByHand:
    return ByHand()


@pytest.fixture(scope="module")
def stores(make_installation: Callable[[str], Settings]) -> Iterator[Sources]:
    """Three stores that hold the Berka data, read as the engine reads them."""
    settings = make_installation("berka")
    import_berka_files(settings, BERKA, replace=False)
    with sources_of(settings) as opened:
        yield opened


def _extract(stores: Sources, as_of: date) -> Extraction:
    """Return all ranges and the strays as one extraction."""
    ranges = plan_ranges(stores.base_a, range_size=RANGE_SIZE)
    assert len(ranges) > 2
    parts = [extract_range(stores, one, as_of=as_of) for one in ranges] + [extract_strays(stores, as_of=as_of)]
    counts = {table.name: sum((part.counts[table.name] for part in parts), TableCounts()) for table in TABLES}
    tables = {table.name: pa.concat_tables([part.tables[table.name] for part in parts]) for table in TABLES}
    return Extraction(tables, pa.concat_tables([part.rejects for part in parts]), counts)


@pytest.fixture(scope="module")
def snapshot(stores: Sources) -> Extraction:
    return _extract(stores, DATES[-1])


@pytest.fixture(scope="module")
def cpf_by_client(stores: Sources) -> dict[str, str]:
    """The CPF of each client_id, by the one column that repeats it: the name."""
    with stores.base_a.connect() as connection:
        rows = connection.execute(sa.text("SELECT nome, cpf FROM cliente")).all()
    return {str(int(name.removeprefix("Cliente "))): cpf for name, cpf in rows}


def test_every_client_and_record_comes_out_of_extraction_accounted_for(snapshot: Extraction, by_hand: ByHand) -> None:
    rows = {
        "cliente": 5_369,
        "pessoa": 5_369,
        "divida": sum(int(loan["duration"]) for loan in by_hand.loans.values()),
        "bem": 0,
        "consultas": sum(map(len, by_hand.consultations.values())),
    }
    assert {name: snapshot.counts[name].read for name in rows} == rows
    events = snapshot.counts["movimentacoes"].read + snapshot.counts["compras"].read
    assert events == sum(map(len, by_hand.entries.values())) == 79_302
    assert snapshot.rejects.num_rows == 0
    for name, counts in snapshot.counts.items():
        assert counts.difference == 0, name
        assert set(counts.ignored) <= {"divida_prescrita", "fora_da_janela"}, name
        assert snapshot.tables[name].num_rows == counts.read, name


def test_every_client_gets_a_row_of_features_and_users_of_an_account_one_without_data(
    snapshot: Extraction, by_hand: ByHand, cpf_by_client: dict[str, str]
) -> None:
    found = build_features(snapshot.tables, DATES[-1])
    assert sorted(found["cpf"].to_pylist()) == sorted(cpf_by_client.values())
    empty = dict(zip(found["cpf"].to_pylist(), found["sem_dados"].to_pylist(), strict=True))
    users = by_hand.clients.keys() - by_hand.account_of.keys()
    assert len(users) == 869
    assert all(empty[cpf_by_client[client]] for client in users)


@pytest.mark.parametrize("as_of", DATES)
def test_features_are_what_a_plain_reading_of_the_files_gives(
    as_of: date, snapshot: Extraction, by_hand: ByHand, cpf_by_client: dict[str, str]
) -> None:
    found = {row["cpf"]: row for row in build_features(snapshot.tables, as_of).to_pylist()}
    chosen = by_hand.sample()
    assert len(set(chosen)) == 50
    known = [client for client in chosen if by_hand.known[client] <= as_of]
    assert {client for client in chosen if cpf_by_client[client] in found} == set(known)
    assert len(known) >= 20
    for client in known:
        expected = by_hand.features(client, as_of)
        assert len(expected) >= 20
        row = found[cpf_by_client[client]]
        assert {name: row[name] for name in expected} == expected, f"client {client}"


def test_the_chosen_dates_lie_before_and_after_paid_and_unpaid_instalments(by_hand: ByHand) -> None:
    debts = [debt for client in by_hand.sample() for debt in by_hand.instalments(by_hand.account_of[client])]
    _, middle, last = DATES
    for is_paid in (True, False):
        assert any(debt.due <= middle and debt.is_paid == is_paid for debt in debts)
        assert any(middle < debt.due <= last and debt.is_paid == is_paid for debt in debts)


def test_a_snapshot_of_the_day_and_a_later_one_give_the_same_features(stores: Sources, snapshot: Extraction) -> None:
    as_of = DATES[0]
    of_the_day = _extract(stores, as_of)
    assert all(counts.difference == 0 for counts in of_the_day.counts.values())
    assert sum(of_the_day.counts["divida"].ignored.values()) > 20_000
    assert build_features(of_the_day.tables, as_of).equals(build_features(snapshot.tables, as_of))


@pytest.mark.parametrize("as_of", [date(1995, 12, 31), date(1996, 12, 31), MATURE])
def test_matured_labels_are_those_of_a_plain_reading(
    as_of: date, snapshot: Extraction, by_hand: ByHand, cpf_by_client: dict[str, str]
) -> None:
    labels = label_defaults(snapshot.tables, as_of, observed_until=DATES[-1], horizon_months=12, min_debt_cents=10_000)
    found = {row["cpf"] for row in labels.to_pylist() if row["is_bad"]}
    known = [client for client, day in by_hand.known.items() if day <= as_of]
    bad = {c for c in known if c in by_hand.account_of and by_hand.is_bad(c, as_of, months_later(as_of, 12))}
    assert labels.num_rows == len(known)
    assert found == {cpf_by_client[client] for client in bad}
    assert 5 < len(bad) < 60


def test_a_label_that_has_not_matured_is_refused(snapshot: Extraction) -> None:
    too_young = MATURE + timedelta(days=5)
    with pytest.raises(TrainingRefusedError, match="can be computed from 1999-"):
        label_defaults(snapshot.tables, too_young, observed_until=DATES[-1], horizon_months=12, min_debt_cents=10_000)


def test_training_on_too_few_matured_labels_is_refused_with_the_counts(snapshot: Extraction, by_hand: ByHand) -> None:
    observed_until = date(1997, 12, 31)
    dates = plan_training_dates(observed_until, horizon_months=12)
    label = partial(label_defaults, observed_until=observed_until, horizon_months=12, min_debt_cents=10_000)
    training, later = (
        [DatedSample(d, build_features(snapshot.tables, d), label(snapshot.tables, d)) for d in days]
        for days in (dates.training, dates.validation)
    )
    with pytest.raises(TrainingRefusedError) as refusal:
        train_scorecard(TrainingData(training, later, observed_until), model_inputs())
    for as_of in dates.all:
        owners = [client for client in by_hand.account_of if by_hand.known[client] <= as_of]
        rows = [client for client in owners if not by_hand.features(client, as_of)["sem_dados"]]
        bads = [client for client in rows if by_hand.is_bad(client, as_of, months_later(as_of, 12))]
        assert f"{as_of}: {len(rows)} rows, {len(bads)} bad" in str(refusal.value)
