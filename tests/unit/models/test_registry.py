"""Guards the registry: content-bound versions, checksums, the law's gate, the takeover's gate, a history kept whole."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from contracts.artifacts import ArtifactStore
from contracts.canonical_json import canonical_json
from contracts.errors import DataIntegrityError, GateError, ModelNotFoundError, TrainingRefusedError, UsageError
from models.history import HISTORY_PATH, EventKind, read_history
from models.points.parquet import points_to_arrow
from models.registry import (
    current_model,
    list_models,
    load_model,
    preview_model,
    promote_model,
    register_model,
    retire_model,
    usable_model,
    version_of,
)
from tests.model_samples import make_trained, small_table, write_model

WHEN = datetime(2025, 7, 1, 9, 30, tzinfo=UTC)
FILES = {
    "cartao.md",
    "decisao.json",
    "descricao.md",
    "distribuicao.json",
    "manifesto.json",
    "metricas.json",
    "pontos.parquet",
    "scorecard.json",
    "treino.json",
}
WORDS = {"who": "ana", "why": "teste", "when": WHEN}


@pytest.fixture
def lake(tmp_path) -> ArtifactStore:
    return ArtifactStore(tmp_path)


@pytest.fixture(scope="module")
def trained():
    return make_trained()


def with_base(trained, points: int):
    return replace(trained, points=replace(trained.points, base_points=points))


def test_a_model_reads_back_as_registered(lake, trained):
    version = register_model(lake, trained, when=WHEN)
    model = load_model(lake, version)
    assert version == f"2025-06-30-{trained.points.sha256[:8]}"
    assert model.points == trained.points
    assert model.metrics == json.loads(json.dumps(trained.evidence.to_json()))
    assert model.training["semente"] == 1
    assert model.decision["assume"] is True
    assert model.registered_at == WHEN
    assert replace(model, registered_at=None) == preview_model(trained)


def test_the_files_are_json_parquet_and_text_and_no_pickle(lake, trained, tmp_path):
    version = register_model(lake, trained, pages={"relatorio.html": b"<html></html>"})
    folder = tmp_path / "models" / version
    assert {path.name for path in folder.iterdir()} == FILES | {"relatorio.html"}
    assert pq.read_table(folder / "pontos.parquet").equals(points_to_arrow(trained.points))
    for path in folder.iterdir():
        assert not path.read_bytes().startswith(b"\x80"), "a pickle's first byte"
    for path in folder.glob("*.json"):
        assert path.read_bytes() == canonical_json(json.loads(path.read_bytes()))


def test_card_and_description_name_the_model_and_its_terms(trained):
    model = preview_model(trained)
    assert model.version in model.card
    assert trained.points.sha256 in model.card
    for term in trained.points.terms:
        assert term.code in model.card
    assert model.description.strip()


def test_registering_again_changes_no_byte(lake, trained, tmp_path):
    version = register_model(lake, trained, when=WHEN)
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "models" / version).iterdir()}
    assert register_model(lake, trained, when=WHEN + timedelta(days=1)) == version
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps


def test_two_lakes_hold_the_same_bytes(tmp_path, trained):
    contents = []
    for name in ("a", "b"):
        version = register_model(ArtifactStore(tmp_path / name), trained)
        contents.append({p.name: p.read_bytes() for p in (tmp_path / name / "models" / version).iterdir()})
    assert contents[0] == contents[1]


@pytest.mark.parametrize("name", sorted(FILES - {"manifesto.json"} | {"relatorio.html"}))
def test_an_altered_file_is_named(lake, trained, tmp_path, name):
    version = register_model(lake, trained, pages={"relatorio.html": b"<html>1</html>"})
    path = tmp_path / "models" / version / name
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(DataIntegrityError, match=name):
        load_model(lake, version)


def test_a_model_swapped_with_its_manifest_is_refused(lake, trained, tmp_path):
    version, other = register_model(lake, trained), register_model(lake, with_base(trained, 10))
    for file in (tmp_path / "models" / other).iterdir():
        (tmp_path / "models" / version / file.name).write_bytes(file.read_bytes())
    with pytest.raises(DataIntegrityError, match="not the model that the version stands for"):
        load_model(lake, version)


def test_a_foreign_model_with_a_forbidden_feature_never_loads(lake):
    """Lei 12.414 art. 3 §3: whole, checksums and version right, and refused all the same."""
    version = write_model(lake, small_table(feature="sexo_codificado"))
    for read in (load_model, usable_model):
        with pytest.raises(TrainingRefusedError, match="sexo_codificado"):
            read(lake, version)
    with pytest.raises(TrainingRefusedError):
        promote_model(lake, version, **WORDS)
    assert read_history(lake) == ()


def test_a_model_with_a_forbidden_feature_is_not_registered(lake, trained, tmp_path):
    with pytest.raises(TrainingRefusedError, match="estado_civil"):
        register_model(lake, replace(trained, points=small_table(feature="estado_civil")))
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("name", ["scorecard.json", "../fora.html", "Relatorio.html", "a/b.html", "x.pkl"])
def test_a_page_needs_a_name_of_its_own(lake, trained, name):
    with pytest.raises(UsageError, match="no name of a page"):
        register_model(lake, trained, pages={name: b""})


@pytest.mark.parametrize("version", ["2025-06-30-00000000", "../../etc", "", "historico", "x" * 10_000])
def test_an_unknown_version_is_not_found(lake, trained, version):
    register_model(lake, trained)
    with pytest.raises(ModelNotFoundError):
        load_model(lake, version)
    for change in (promote_model, retire_model):
        with pytest.raises(ModelNotFoundError):
            change(lake, version, **WORDS)


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
    assert [(e.number, e.kind, e.version, e.who, e.why) for e in history] == [
        (1, EventKind.PROMOTION, first, "ana", "motivo 0"),
        (2, EventKind.PROMOTION, second, "ana", "motivo 1"),
        (3, EventKind.PROMOTION, first, "ana", "motivo 2"),
    ]
    assert {entry.version: entry.in_force for entry in list_models(lake)} == {first: True, second: False}


def test_a_model_that_the_gate_refused_is_promoted_only_on_purpose_and_that_is_kept(lake, trained):
    version = register_model(lake, make_trained(takes_over=False))
    with pytest.raises(GateError, match="the gate refused it"):
        promote_model(lake, version, **WORDS)
    assert read_history(lake) == ()
    promote_model(lake, version, **WORDS, despite_gate=True)
    assert [(event.version, event.despite_gate, event.why) for event in read_history(lake)] == [
        (version, True, "teste")
    ]
    assert current_model(lake).version == version


def test_a_promotion_that_the_gate_allows_is_never_marked_as_despite_it(lake, trained):
    promote_model(lake, register_model(lake, trained), **WORDS, despite_gate=True)
    assert read_history(lake)[0].despite_gate is False


def test_a_retired_model_is_readable_and_neither_scores_nor_comes_back(lake, trained):
    old, new = register_model(lake, trained), register_model(lake, with_base(trained, 10))
    promote_model(lake, old, **WORDS)
    promote_model(lake, new, **WORDS)
    event = retire_model(lake, old, who="bia", why="instável", when=WHEN)
    assert (event.kind, event.who, event.why, event.number) == (EventKind.RETIREMENT, "bia", "instável", 3)
    assert load_model(lake, old).version == old
    for refused in (lambda: usable_model(lake, old), lambda: promote_model(lake, old, **WORDS, despite_gate=True)):
        with pytest.raises(ModelNotFoundError, match="was retired"):
            refused()
    assert current_model(lake).version == new
    assert [(e.version, e.retired) for e in list_models(lake) if e.retired] == [(old, True)]
    with pytest.raises(UsageError, match="retired before"):
        retire_model(lake, old, **WORDS)


def test_the_model_in_force_cannot_be_retired(lake, trained):
    version = register_model(lake, trained)
    promote_model(lake, version, **WORDS)
    with pytest.raises(UsageError, match="promote another first"):
        retire_model(lake, version, **WORDS)
    assert current_model(lake).version == version


def test_a_promotion_and_a_retirement_at_once_leave_no_retired_model_scoring(lake, trained, tmp_path):
    """Two lakes stand for two machines that did not see each other's entry."""
    version, other = register_model(lake, trained), register_model(lake, with_base(trained, 10))
    elsewhere = ArtifactStore(tmp_path / "b")
    register_model(elsewhere, trained)
    retired = retire_model(elsewhere, version, **WORDS)
    promote_model(lake, version, **WORDS)
    lake.write(f"{HISTORY_PATH}/{retired.entry_name}", {"evento.json": retired.to_json()}, meta={"versao": version})
    assert len(read_history(lake)) == 2
    with pytest.raises(ModelNotFoundError, match="was retired"):
        current_model(lake)
    promote_model(lake, other, **WORDS)
    assert current_model(lake).version == other


def test_entries_written_before_there_were_retirements_are_read(lake, trained, tmp_path):
    """The history is kept for good: this is such an entry, byte for byte."""
    version = register_model(lake, trained)
    body = {
        "evento": "promocao",
        "motivo": "trained as of 2025-06-30",
        "numero": 1,
        "quando": "2025-07-01T09:30:00+00:00",
        "quem": "ana",
        "versao": version,
    }
    event = promote_model(lake, version, who="ana", why="trained as of 2025-06-30", when=WHEN)
    stored = Path(tmp_path / HISTORY_PATH / event.entry_name / "evento.json").read_bytes()
    assert stored == canonical_json(body)


def test_models_that_cannot_be_loaded_are_listed_with_the_reason(lake, trained, tmp_path):
    good, damaged = register_model(lake, trained), register_model(lake, with_base(trained, 10))
    foreign = write_model(lake, small_table(feature="sexo"))
    (tmp_path / "models" / damaged / "scorecard.json").write_text("{}")
    half = tmp_path / "models" / "2025-06-30-0123abcd"
    half.mkdir()
    (half / "scorecard.json").write_text("{}")
    found = {entry.version: (entry.model is not None, entry.problem) for entry in list_models(lake)}
    assert set(found) == {good, damaged, foreign}
    assert found[good] == (True, "")
    assert "scorecard.json" in found[damaged][1]
    assert "sexo" in found[foreign][1]


def test_instants_are_kept_in_utc(lake, trained):
    local = datetime(2025, 7, 1, 6, 30, tzinfo=timezone(timedelta(hours=-3)))
    promote_model(lake, register_model(lake, trained, when=local), who="ana", why="teste", when=local)
    assert read_history(lake)[0].when == WHEN
    assert read_history(lake)[0].when.tzinfo is UTC
    assert current_model(lake).registered_at == WHEN


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
    promote_model(lake, version, **WORDS)
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


@pytest.mark.parametrize("change", [promote_model, retire_model])
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"who": " "}, "who"),
        ({"why": ""}, "why"),
        ({"why": "linha\noutra"}, "why"),
        ({"when": WHEN.replace(tzinfo=None)}, "time zone"),
    ],
)
def test_an_event_says_who_why_and_when(lake, trained, change, wrong, said):
    version = register_model(lake, trained)
    with pytest.raises(UsageError, match=said):
        change(lake, version, **{**WORDS, **wrong})
    assert read_history(lake) == ()


def test_the_version_is_the_date_and_the_hash(trained):
    assert version_of(trained) == f"2025-06-30-{trained.points.sha256[:8]}"
    assert version_of(with_base(trained, 10)) != version_of(trained)
