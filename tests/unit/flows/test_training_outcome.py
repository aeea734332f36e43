"""Guards what becomes of a trained model: in force only if the gate lets it, compared with the one that is there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from contracts.artifacts import ArtifactStore
from contracts.extraction import REJECTS_SCHEMA, Extraction, TableCounts
from contracts.feature_terms import InputType
from contracts.reference_date import add_months
from contracts.tables import CLIENTE
from extract.lake import write_extraction
from features.catalog import FEATURES
from flows.training_outcome import find_incumbent, put_in_force
from flows.training_samples import model_inputs, read_counts, read_protected
from models.history import read_history
from models.inputs import check_inputs
from models.registry import load_model, register_model
from models.training.dates import plan_training_dates
from tests.model_samples import make_trained, small_table

WHEN = datetime(2025, 7, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path):
    return ArtifactStore(tmp_path)


def registered(lake, trained):
    return load_model(lake, register_model(lake, trained, when=WHEN))


def test_a_model_that_the_gate_lets_through_comes_into_force(lake):
    model = registered(lake, make_trained())
    assert put_in_force(lake, model, why="treino", when=WHEN) is True
    assert [event.version for event in read_history(lake)] == [model.version]


def test_a_model_that_the_gate_refused_leaves_the_one_before_in_force(lake):
    before = registered(lake, make_trained())
    put_in_force(lake, before, why="treino", when=WHEN)
    refused = registered(lake, make_trained(small_table(base=500), takes_over=False))
    assert put_in_force(lake, refused, why="treino", when=WHEN) is False
    assert find_incumbent(lake).version == before.version
    assert len(read_history(lake)) == 1


def test_without_a_model_in_force_there_is_nothing_to_compare_with(lake):
    registered(lake, make_trained())
    assert find_incumbent(lake) is None


def test_a_model_in_force_that_was_altered_is_told_and_not_passed_over(lake, tmp_path):
    model = registered(lake, make_trained())
    put_in_force(lake, model, why="treino", when=WHEN)
    assert find_incumbent(lake).points == model.points
    next((tmp_path / "models" / model.version).glob("scorecard.json")).write_bytes(b"{}")
    incumbent = find_incumbent(lake)
    assert (incumbent.version, incumbent.points) == (model.version, None)
    assert "não pôde ser lido" in incumbent.problem


def test_every_feature_is_an_input_with_a_name_for_its_pairs():
    inputs = model_inputs()
    check_inputs(inputs)
    assert [one.name for one in inputs] == [feature.name for feature in FEATURES]
    assert {one.dtype for one in inputs} == set(InputType)
    for one in inputs:
        assert one.label
        assert one.label[0].islower()
        assert not one.label.endswith(".")
        assert ";" not in one.label


def test_thirty_six_months_leave_a_year_of_history_behind_every_date():
    """A population of 36 months that ends in December 2025 begins with January 2023."""
    dates = plan_training_dates(date(2025, 12, 31), horizon_months=12)
    assert min(dates.all) >= add_months(date(2023, 1, 1), 12) - timedelta(days=1)
    assert len(dates.training) == len(dates.validation) == 3
    assert max(dates.training) < min(dates.validation)


def test_counts_of_the_sampled_ranges_add_up(lake):
    clients = CLIENTE.lake_schema.empty_table()
    for index, read in ((0, 5), (3, 7)):
        counts = {CLIENTE.name: TableCounts(read, read - 1, {}, {"cpf_repetido": 1})}
        extraction = Extraction({CLIENTE.name: clients}, REJECTS_SCHEMA.empty_table(), counts)
        write_extraction(lake, "t", index, extraction, as_of=date(2025, 6, 30))
    assert read_counts(lake, "t", [0, 3]) == {CLIENTE.name: TableCounts(12, 10, {}, {"cpf_repetido": 2})}
    assert read_protected(lake, "t", [0, 3]).column_names == ["cpf", "sexo", "estado_civil"]
