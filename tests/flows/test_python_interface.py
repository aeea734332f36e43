"""The Python interface on a finished night: frames hold what the night left, and nobody's CPF unless asked for."""

from __future__ import annotations

import gc
import operator
import tracemalloc
from collections.abc import Iterator
from datetime import date
from itertools import islice
from uuid import uuid4

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from matplotlib.axes import Axes
from sklearn.metrics import roc_auc_score

import escore
from contracts.errors import ClientNotFoundError, RunConflictError, TrainingRefusedError, UsageError
from contracts.tables import TABLES
from tests.flows.conftest import AS_OF, Night, environment_of

EARLIER = date(2024, 6, 30)


@pytest.fixture(autouse=True)
def settings(night: Night, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the environment be that of the night, as a notebook's would."""
    for name, value in environment_of(night.settings).items():
        monkeypatch.setenv(name, value)
    mpl.use("Agg")
    yield
    plt.close("all")


def test_features_are_those_of_the_run_one_row_a_consumer(night: Night):
    frame = escore.load_features()
    published = {row[0] for row in night.query("select cliente_id from score_vigente")}
    assert set(frame.index) == published
    assert frame.index.is_unique
    assert "cpf" not in frame.columns
    assert frame.attrs["run"] == night.run["execucao_id"]
    assert frame.attrs["as_of"] == AS_OF.isoformat()
    assert frame.attrs["units"]["consultas_90_dias_qtd"] == "consultas"
    assert set(frame.columns) == {"sem_dados", *escore.list_features().index}
    assert {str(kind) for kind in frame.dtypes} <= {"bool", "float64", "str"}


def test_a_cpf_is_there_only_if_asked_for(night: Night):
    known = dict(night.query("select cliente_id, cpf from score_vigente"))
    assert escore.load_features(columns=["idade_anos"], keep_cpf=True)["cpf"].to_dict() == known
    assert not any("cpf" in escore.load_records(table.name).columns for table in TABLES)


def test_features_built_anew_from_the_snapshot_are_the_stored_ones(monkeypatch: pytest.MonkeyPatch):
    stored = escore.load_features()
    monkeypatch.setattr("escore.consumers._is_the_runs_own", lambda night, day: False)
    pd.testing.assert_frame_equal(escore.load_features(AS_OF), stored)


def test_an_earlier_date_sees_only_what_was_known_then():
    now, then = escore.load_features(), escore.load_features(EARLIER)
    assert then.attrs["as_of"] == EARLIER.isoformat()
    assert 0 < len(then) < len(now)
    assert set(then.index) < set(now.index)
    cutoff = pd.Timestamp("2024-07-01 03:00", tz="UTC")
    clients = escore.load_records("cliente")
    assert set(then.index) == set(clients.index[clients["registrado_em"] < cutoff])


def test_a_model_ranks_who_defaulted_later():
    """Scores of an earlier date, by the model in force, against what became known after: far from chance."""
    features, labels = escore.load_features(EARLIER), escore.load_labels(EARLIER)
    scores = escore.score_features(escore.load_model(), features)
    both = pd.concat([labels, scores["probabilidade"]], axis=1, join="inner").dropna()
    assert set(labels.index) == set(features.index)
    assert 0.02 < labels.mean() < 0.5
    assert roc_auc_score(both["is_bad"].to_numpy(bool), both["probabilidade"].to_numpy(float)) > 0.65


def test_labels_that_are_not_known_yet_are_refused():
    with pytest.raises(TrainingRefusedError, match="can be computed from"):
        escore.load_labels(AS_OF)


def test_scores_are_the_published_ones(night: Night):
    scores = escore.load_scores()
    published = night.query("select cliente_id, score, faixa, status from score_vigente")
    assert {
        (i, r.score, r.faixa, r.status) for i, r in scores.astype(object).where(scores.notna(), None).iterrows()
    } == set(published)
    assert scores["score"].dtype == pd.Int16Dtype()
    assert scores["faixa"].cat.ordered
    assert next(iter(scores["faixa"].cat.categories)) == "baixo"


def test_scoring_the_stored_features_gives_the_stored_scores():
    scores = escore.load_scores()
    again = escore.score_features(escore.load_model(), escore.load_features())
    pd.testing.assert_frame_equal(again, scores[again.columns])


def test_a_share_is_of_the_same_consumers_everywhere():
    some = escore.load_scores(share=0.2)
    assert 0.1 < len(some) / len(escore.load_scores()) < 0.3
    assert set(escore.load_features(share=0.2).index) == set(some.index)
    assert set(escore.load_records("divida", share=0.2).index) <= set(some.index)


def test_a_stream_yields_all_range_by_range():
    parts = list(escore.iter_scores())
    assert len(parts) > 5
    pd.testing.assert_frame_equal(pd.concat(parts), escore.load_scores())
    assert sum(len(part) for part in escore.iter_features(columns=[])) == len(escore.load_features())
    assert sum(len(part) for part in escore.iter_records("compras")) == len(escore.load_records("compras"))


@pytest.mark.parametrize("table", [table.name for table in TABLES])
def test_records_have_the_types_that_the_dictionary_states(table: str):
    frame, columns = escore.load_records(table), escore.list_columns(table)
    assert len(frame) > 100
    assert set(frame.index) <= set(escore.load_scores().index)
    kinds = {"texto": "str", "data": "datetime64[us]", "instante_utc": "datetime64[us, UTC]", "dinheiro": "Int64"}
    for name in frame.columns:
        assert str(frame[name].dtype) == kinds[columns.loc[name, "kind"]], name
    hidden = {"id", "cpf", "cliente_id"}
    assert set(columns.index) - set(frame.columns) <= hidden
    assert frame.attrs["units"] == {n: u for n, u in columns["unit"].items() if u and n in frame.columns}


def test_rejects_are_counted_as_published(night: Night):
    told = {(r.base, r.tabela, r.regra): r.registros for r in escore.load_rejects().itertuples()}
    kept = night.query(
        "select base, tabela, regra, count(*) from rejeitado where execucao_id = :run group by 1, 2, 3",
        run=night.run["execucao_id"],
    )
    assert told == {(base, table, rule): number for base, table, rule, number in kept}
    assert len(told) > 5


def test_runs_and_models_are_listed(night: Night):
    runs = escore.list_runs()
    assert runs.loc[night.run["execucao_id"], "situacao"] == "publicada"
    counted = runs.loc[night.run["execucao_id"], list(night.run["clientes"])]
    assert counted.to_dict() == night.run["clientes"]
    models = escore.list_models()
    assert list(models.index[models["in_force"]]) == [night.trained["versao"]]
    assert models["auc_out_of_time"].between(0.5, 1).all()


def test_points_add_up_to_the_score_of_one_consumer(night: Night):
    scores = escore.load_scores()
    one = scores["score"].idxmin()
    found = escore.explain(one)
    assert found.score == scores.loc[one, "score"]
    assert found.is_as_published
    points = escore.load_points(escore.load_model())
    assert found.replay.result.base_points + found.terms["points"].sum() == scores.loc[one, "score_bruto"]
    assert all(row.points in set(points.loc[code, "points"]) for code, row in found.terms.iterrows())
    assert [{"codigo": c, "pontos": p} for c, p in found.reasons["points"].items()] == list(scores.loc[one, "motivos"])
    assert found.records
    person = dict(night.query("select cliente_id, cpf from score_vigente"))[one]
    shown = f"{found!r} {found.terms.to_string()} {found.reasons.to_string()}"
    shown += "".join(frame.to_string() for frame in found.records.values())
    assert person not in shown
    assert one not in shown
    read = night.query(
        "select count(*) from auditoria where recurso = 'replay' and requisicao_id = :run",
        run=found.replay.execucao_id.__str__(),
    )
    assert read[0][0] >= 1


def test_every_plot_says_what_it_shows():
    features, scores, model = escore.load_features(), escore.load_scores(), escore.load_model()
    labels = escore.load_labels(EARLIER)
    then = escore.score_features(model, escore.load_features(EARLIER))
    drawn: list[Axes] = [
        escore.plot_scores(scores),
        escore.plot_feature(features, "idade_anos", scores["score"]),
        escore.plot_feature(features, "uf"),
        escore.plot_term(model, model.points.terms[0].code),
        escore.plot_ranking(labels, then["score"]),
        escore.plot_reliability(labels, then["probabilidade"]),
        escore.plot_fairness(escore.load_fairness()),
        escore.plot_drift(escore.load_drift()),
        escore.explain(scores["score"].idxmin()).plot(),
    ]
    for axes in drawn:
        axes.figure.canvas.draw()
        assert axes.get_title(loc="left")
        assert axes.get_xlabel() or axes.get_ylabel()
        assert axes.has_data()


def test_figures_and_fairness_have_their_intervals(night: Night):
    figures = escore.load_figures()
    auc = figures.loc[("fora_do_tempo", "auc")]
    assert auc["low"] < auc["estimate"] < auc["high"]
    fairness = escore.load_fairness()
    judged = fairness[fairness["judged"]]
    assert {"sexo"} <= set(judged.index.get_level_values("attribute"))
    assert (judged["approval_rate_low"] <= judged["approval_rate"]).all()
    assert np.isclose(judged.groupby("attribute")["approval_ratio"].max(), 1).all()


def held_over(stream: Iterator[pd.DataFrame]) -> tuple[int, int]:
    """Return the most bytes that Python and Arrow held between two ranges of a stream, and how many these were."""
    gc.collect()
    tracemalloc.start()
    before, most, ranges = pa.total_allocated_bytes(), 0, 0
    for _part in stream:
        ranges += 1
        most = max(most, tracemalloc.get_traced_memory()[0] + pa.total_allocated_bytes() - before)
    tracemalloc.stop()
    return most, ranges


def test_a_stream_holds_one_range_whatever_their_number():
    """Twice the ranges, the same bytes; gathered, they hold as many times more as there are ranges."""
    list(escore.iter_features(share=0.01))  # what is loaded once
    few, fewer = held_over(islice(escore.iter_features(), 4))
    most, ranges = held_over(escore.iter_features())
    assert ranges >= 2 * fewer
    assert most < 1.3 * few
    kept: list[pd.DataFrame] = []
    gathered, _ = held_over(kept.append(part) or part for part in escore.iter_features())
    assert gathered > 3 * most


def test_a_stream_tells_how_many_ranges_are_left():
    stream = escore.iter_labels(EARLIER)
    number = operator.length_hint(stream)
    next(stream)
    assert operator.length_hint(stream) == number - 1
    assert len(list(stream)) == number - 1
    assert list(stream) == []


def test_a_date_may_be_a_text_or_an_instant():
    asked = [EARLIER, EARLIER.isoformat(), pd.Timestamp(EARLIER)]
    first, *others = (escore.load_features(day, columns=["dividas_abertas_qtd"], share=0.1) for day in asked)
    assert first.attrs["as_of"] == EARLIER.isoformat()
    for other in others:
        pd.testing.assert_frame_equal(first, other)


def test_a_run_may_be_named_by_its_date(night: Night):
    assert escore.load_scores(run=AS_OF.isoformat()).attrs["run"] == night.run["execucao_id"]
    with pytest.raises(RunConflictError, match=rf"no run of 2024-01-01 was published; there are runs of .*{AS_OF}"):
        escore.load_scores(run="2024-01-01")


def test_mistakes_are_named():
    with pytest.raises(UsageError, match="no such feature: idade, salario"):
        escore.load_features(columns=["salario", "idade", "idade_anos"])
    with pytest.raises(UsageError, match="share"):
        escore.load_scores(share=0)
    with pytest.raises(UsageError, match="knows nothing after 2025-12-31"):
        escore.load_features(date(2026, 1, 1))
    with pytest.raises(UsageError, match=r"more than 100 rows: pass share= or most=, or .* iter_scores"):
        escore.load_scores(most=100)
    with pytest.raises(UsageError, match="table: one of cliente"):
        escore.load_records("clientes")
    with pytest.raises(UsageError, match="not the id of a run"):
        escore.load_scores(run="yesterday")
    with pytest.raises(UsageError, match="not a date like 2025-12-31"):
        escore.load_labels("31/12/2025")
    with pytest.raises(UsageError, match="nobody was known by 1990-01-01"):
        escore.load_features("1990-01-01")
    with pytest.raises(RunConflictError, match="no run"):
        escore.load_scores(run=uuid4())
    with pytest.raises(ClientNotFoundError):
        escore.explain("nobody")
    with pytest.raises(UsageError, match=r"columns missing: .*sem_dados"):
        escore.score_features(escore.load_model(), escore.load_scores())
