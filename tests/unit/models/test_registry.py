"""Guards the registry: content-bound versions, checksums, a history that loses nothing, and the card."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from contracts.artifacts import ArtifactStore
from contracts.errors import DataIntegrityError, ModelNotFoundError, UsageError
from models.card import render_card
from models.history import HISTORY_PATH, read_history
from models.registry import current_model, list_models, load_model, promote_model, register_model, version_of

WHEN = datetime(2025, 7, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path) -> ArtifactStore:
    return ArtifactStore(tmp_path)


def with_base(trained, points: int):
    return replace(trained, scorecard=replace(trained.scorecard, base_points=points))


def test_a_model_reads_back_as_registered(lake, trained):
    version = register_model(lake, trained)
    model = load_model(lake, version)
    assert version == f"2025-06-30-{trained.scorecard.sha256[:8]}"
    assert model.scorecard == trained.scorecard
    assert model.metrics == json.loads(json.dumps(trained.metrics.to_json()))
    assert model.training["semente"] == 1
    assert model.card == render_card(trained, version)


def test_registering_again_changes_no_byte(lake, trained, tmp_path):
    version = register_model(lake, trained)
    files = {path: path.read_bytes() for path in (tmp_path / "models" / version).iterdir()}
    stamps = {path: path.stat().st_mtime_ns for path in files}
    assert register_model(lake, trained) == version
    assert {path: path.stat().st_mtime_ns for path in files} == stamps


def test_two_lakes_hold_the_same_bytes(tmp_path, trained):
    version = version_of(trained)
    contents = []
    for name in ("a", "b"):
        register_model(ArtifactStore(tmp_path / name), trained)
        contents.append({p.name: p.read_bytes() for p in (tmp_path / name / "models" / version).iterdir()})
    assert contents[0] == contents[1]


@pytest.mark.parametrize("file", ["scorecard.json", "metricas.json", "treino.json", "cartao.md"])
def test_an_altered_file_is_named(lake, trained, tmp_path, file):
    version = register_model(lake, trained)
    path = tmp_path / "models" / version / file
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
    with pytest.raises(DataIntegrityError, match=file):
        load_model(lake, version)


def test_a_model_swapped_with_its_manifest_is_refused(lake, trained, tmp_path):
    version, other = register_model(lake, trained), register_model(lake, with_base(trained, 10))
    for file in (tmp_path / "models" / other).iterdir():
        (tmp_path / "models" / version / file.name).write_bytes(file.read_bytes())
    with pytest.raises(DataIntegrityError, match="not the model that the version stands for"):
        load_model(lake, version)


@pytest.mark.parametrize("version", ["2025-06-30-00000000", "../../etc", "", "historico", "x" * 10_000])
def test_an_unknown_version_is_not_found(lake, trained, version):
    register_model(lake, trained)
    with pytest.raises(ModelNotFoundError):
        load_model(lake, version)
    with pytest.raises(ModelNotFoundError):
        promote_model(lake, version, who="ana", why="teste", when=WHEN)


def test_without_a_promotion_no_model_is_in_force(lake, trained):
    register_model(lake, trained)
    with pytest.raises(ModelNotFoundError, match="no model is in force"):
        current_model(lake)


def test_the_last_promotion_is_in_force_and_the_history_keeps_all(lake, trained):
    first, second = register_model(lake, trained), register_model(lake, with_base(trained, 10))
    for minutes, version in enumerate((first, second, first)):
        promote_model(lake, version, who="ana", why=f"motivo {minutes}", when=WHEN + timedelta(minutes=minutes))
    assert current_model(lake).version == first
    history = read_history(lake)
    assert [(e.number, e.version, e.who, e.why) for e in history] == [
        (1, first, "ana", "motivo 0"),
        (2, second, "ana", "motivo 1"),
        (3, first, "ana", "motivo 2"),
    ]
    assert {entry.version: entry.in_force for entry in list_models(lake)} == {first: True, second: False}


def test_instants_are_kept_in_utc(lake, trained):
    local = datetime(2025, 7, 1, 6, 30, tzinfo=timezone(timedelta(hours=-3)))
    promote_model(lake, register_model(lake, trained), who="ana", why="teste", when=local)
    assert read_history(lake)[0].when == WHEN
    assert read_history(lake)[0].when.tzinfo is UTC


def test_promotions_at_once_lose_nothing(lake, trained):
    version = register_model(lake, trained)

    def promote(number: int) -> None:
        promote_model(lake, version, who=f"pessoa {number}", why="ao mesmo tempo", when=WHEN)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(promote, range(24)))
    assert {event.who for event in read_history(lake)} == {f"pessoa {n}" for n in range(24)}
    assert current_model(lake).version == version


def test_an_unfinished_entry_does_not_count(lake, trained, tmp_path):
    version = register_model(lake, trained)
    promote_model(lake, version, who="ana", why="teste", when=WHEN)
    crashed = tmp_path / HISTORY_PATH / "000002-0123456789ab"
    crashed.mkdir()
    (crashed / "evento.json").write_text("{")
    assert len(read_history(lake)) == 1


def test_a_missing_or_forged_entry_is_an_error(lake, trained, tmp_path):
    version = register_model(lake, trained)
    events = [promote_model(lake, version, who="ana", why=str(n), when=WHEN) for n in range(3)]
    entry = tmp_path / HISTORY_PATH / events[1].entry_name
    forged = entry.with_name("000002-0123456789ab")
    entry.rename(forged)
    with pytest.raises(DataIntegrityError, match="its content is not"):
        current_model(lake)
    (forged / "manifesto.json").unlink()
    with pytest.raises(DataIntegrityError, match="gone missing"):
        current_model(lake)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"who": " "}, "who"),
        ({"why": ""}, "why"),
        ({"why": "linha\noutra"}, "why"),
        ({"when": WHEN.replace(tzinfo=None)}, "time zone"),
    ],
)
def test_a_promotion_says_who_why_and_when(lake, trained, wrong, said):
    version = register_model(lake, trained)
    with pytest.raises(UsageError, match=said):
        promote_model(lake, version, **{"who": "ana", "why": "teste", "when": WHEN, **wrong})
    assert read_history(lake) == ()


def test_the_card_says_what_the_model_is(trained):
    card = render_card(trained, version_of(trained))
    for part in (trained.scorecard.sha256, "| AUC |", "ATRASO", "2024-03-31", "art. 7º-A", "ruido_0 (sem_informacao)"):
        assert part in card
    assert all(term.feature in card for term in trained.scorecard.terms)
    assert "se sobrepõem" in card
