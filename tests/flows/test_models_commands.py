"""Guards `escore models ...` as a user types it: what is told, what is written, and what is refused in one line."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from getpass import getuser
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rich.console import Console
from typer.testing import CliRunner

from contracts.artifacts import ArtifactStore
from contracts.errors import EscoreError, GateError, ModelNotFoundError, UsageError
from contracts.settings import Settings
from flows.cli import app
from flows.commands.output import OUT
from flows.model_details import gather_details
from flows.model_listing import summarize_models
from flows.model_output import print_details
from models.history import read_history
from models.points.document import parse_points_table
from models.points.page import render_points_page
from models.points.parquet import points_to_arrow
from models.registry import promote_model, register_model, retire_model
from tests.flows.conftest import environment_of, escore, succeed
from tests.model_samples import make_trained, small_table

WHEN = datetime(2025, 7, 1, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def models():
    """A model in force, one that the gate refused, and a third."""
    return [make_trained(), make_trained(small_table(base=500), takes_over=False), make_trained(small_table(base=400))]


@pytest.fixture
def kept(tmp_path, models, monkeypatch):
    """A lake with the three models; the settings lead to it."""
    lake = ArtifactStore(tmp_path / "lake")
    pages = {"relatorio.html": b"<html></html>"}
    versions = [register_model(lake, trained, when=WHEN, pages=pages) for trained in models]
    promote_model(lake, versions[0], who="ana", why="o primeiro", when=WHEN)
    monkeypatch.setenv("SCORE_VAR", str(tmp_path))
    monkeypatch.setattr(OUT, "width", 250)
    return lake, versions


def run(*arguments: str) -> str:
    """Run a command within this process and return what it printed; an EscoreError is raised as it is."""
    done = CliRunner().invoke(app, ["models", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_list_shows_figures_with_intervals_decision_and_state(kept, models):
    lake, versions = kept
    one, refused, other = summarize_models(lake)
    by_version = {summary.version: summary for summary in (one, refused, other)}
    first = by_version[versions[0]]
    assert (first.state, first.decision, first.registered_at) == ("vigente", "assume", WHEN)
    assert first.auc == models[0].evidence.out_of_time.auc
    assert by_version[versions[1]].decision == "recusado"
    assert str(first.auc) in run("list")
    body = json.loads(run("list", "--json"))
    assert {line["versao"] for line in body} == set(versions)
    assert set(body[0]["auc"]) == {"valor", "de", "ate"}


def test_a_lake_with_a_damaged_model_is_listed_all_the_same(kept):
    lake, versions = kept
    (Path(lake.root) / "models" / versions[2] / "metricas.json").write_text("{}")
    states = {summary.version: (summary.state, bool(summary.problem)) for summary in summarize_models(lake)}
    assert states[versions[2]] == ("ilegivel", True)
    assert states[versions[0]] == ("vigente", False)


def test_a_model_is_shown_with_all_that_decided_on_it(kept, models):
    lake, versions = kept
    promote_model(lake, versions[1], who="bia", why="prazo legal", when=WHEN, despite_gate=True)
    out = io.StringIO()
    details = gather_details(lake, "vigente")
    print_details(details, Console(file=out, width=250))
    told = out.getvalue()
    assert details.model.version == versions[1]
    for part in (
        versions[1],
        models[1].points.sha256,
        str(models[1].evidence.out_of_time.auc),
        "recusado",
        "Gini mensal: fora do limite.",
        "despite the gate",
        "prazo legal",
        "bia",
        "relatorio.html",
        "REN01_PER02",
    ):
        assert part in told, part
    body = details.to_json()
    assert body["historico"][0]["apesar_da_recusa"] is True
    assert Path(body["relatorio"]).read_bytes() == b"<html></html>"
    sizes = [term["tamanho_medio"] for term in body["termos"]]
    assert sizes == sorted(sizes, reverse=True)
    json.dumps(body)


def test_promote_and_retire_keep_who_when_and_why(kept):
    lake, versions = kept
    run("promote", versions[2], "--why", "melhor fora do tempo")
    run("retire", versions[0], "--why", "instável", "--who", "bia")
    events = read_history(lake)
    assert [(e.kind.value, e.version, e.who, e.why) for e in events[1:]] == [
        ("promocao", versions[2], getuser(), "melhor fora do tempo"),
        ("aposentadoria", versions[0], "bia", "instável"),
    ]
    assert all((datetime.now(UTC) - event.when).total_seconds() < 60 for event in events[1:])


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (("promote", "{refused}", "--why", "x"), GateError, "the gate refused it"),
        (("promote", "2020-01-01-00000000", "--why", "x"), ModelNotFoundError, "no model is registered"),
        (("promote", "{other}", "--why", " "), UsageError, "why is empty"),
        (("retire", "{current}", "--why", "x"), UsageError, "promote another first"),
        (("show", "ontem"), ModelNotFoundError, "no model is registered"),
        (("export", "{other}", "--output", "/nenhuma/pasta/x.json"), UsageError, "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(kept, arguments, error, said):
    lake, (current, refused, other) = kept
    with pytest.raises(error, match=said) as caught:
        run(*(text.format(current=current, refused=refused, other=other) for text in arguments))
    assert isinstance(caught.value, EscoreError)
    assert "\n" not in str(caught.value)
    assert len(read_history(lake)) == 1


def test_a_refused_model_is_promoted_despite_the_gate_on_purpose(kept):
    lake, versions = kept
    run("promote", versions[1], "--why", "decisão do comitê", "--despite-gate")
    assert read_history(lake)[-1].despite_gate


@pytest.mark.parametrize("form", ["sql-postgresql", "sql-oracle"])
def test_export_to_sql_reads_the_source_that_was_named(kept, tmp_path, form):
    run("export", "vigente", "--format", form, "--output", str(tmp_path / "s.sql"), "--source", "minhas_variaveis")
    text = (tmp_path / "s.sql").read_text().lower()
    assert "minhas_variaveis" in text
    assert "renda_mensal_valor" in text


def test_export_to_json_parquet_and_html(kept, models, tmp_path):
    points = models[0].points
    run("export", "vigente", "--output", str(tmp_path / "m.json"))
    assert parse_points_table((tmp_path / "m.json").read_bytes()) == points
    run("export", "vigente", "--format", "parquet", "--output", str(tmp_path / "m.parquet"))
    assert pq.read_table(tmp_path / "m.parquet").equals(points_to_arrow(points))
    run("export", "vigente", "--format", "html", "--output", str(tmp_path / "m.html"))
    page = (tmp_path / "m.html").read_text()
    assert all(term.code in page for term in points.terms)
    assert page == render_points_page(points, {count.code: count.rows for count in models[0].evidence.terms})


def test_a_run_does_not_score_with_a_retired_model(kept, tmp_path):
    """It is refused before any store is asked: these do not exist."""
    from flows.score import run_scores  # noqa: PLC0415 - Prefect reads its settings when it is imported

    lake, versions = kept
    retire_model(lake, versions[2], who="bia", why="instável", when=WHEN)
    nowhere = "postgresql+psycopg2://nobody@127.0.0.1:1/none"
    settings = Settings(
        var=tmp_path,
        base_a_url=nowhere,
        base_b_url=nowhere,
        base_c_url="mongodb://127.0.0.1:1/none",
        results_url=nowhere,
        redis_url="redis://127.0.0.1:1/0",
        cache_key="c" * 32,
    )
    with pytest.raises(ModelNotFoundError, match="was retired"):
        run_scores(settings, date(2025, 6, 30), model_version=versions[2])


def test_an_error_is_one_line_and_an_exit_code(kept, tmp_path):
    """As a process of its own, where `main` prints it."""
    settings = Settings(var=tmp_path)
    assert environment_of(settings)["SCORE_VAR"] == str(tmp_path)
    listed = succeed(escore(settings, "models", "list", "--json"))
    assert len(json.loads(listed.stdout)) == 3
    done = escore(settings, "models", "promote", kept[1][1], "--why", "x")
    assert done.returncode == 6
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
