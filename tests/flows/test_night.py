"""The whole job on real stores: what is published adds up, is read back equal, repeats and rolls back."""

import json
from pathlib import Path

import numpy as np
import pytest

from contracts.score_scale import band_of
from contracts.tables import TABLES
from tests.flows.conftest import AS_OF, CLIENTS, escore, succeed
from tests.json_page import differs
from tests.scheduling import NIGHT, scope_of


def test_every_client_is_accounted_for(night):
    clients = night.run["clientes"]
    assert clients["extraidos"] == clients["pontuados"] + clients["insuficientes"] + clients["rejeitados"]
    assert clients["pontuados"] > 0.8 * CLIENTS
    assert clients["insuficientes"] > 0
    assert clients["rejeitados"] > 0
    [row] = night.query(
        "select situacao, extraidos, pontuados, insuficientes, rejeitados, impressao, data_referencia from execucao"
        " where id = :id", id=night.run["execucao_id"]
    )  # fmt: skip
    assert row == ("publicada", *clients.values(), night.run["impressao"], AS_OF)
    [(scored, insufficient)] = night.query(
        "select count(*) filter (where status = 'OK'), count(*) filter (where status <> 'OK') from score_vigente"
    )
    assert (scored, insufficient) == (clients["pontuados"], clients["insuficientes"])


def test_counts_of_every_table_reconcile_with_what_was_refused(night):
    [(counts,)] = night.query("select contagens from execucao where id = :id", id=night.run["execucao_id"])
    query = "select tabela, count(*) from rejeitado where execucao_id = :id group by tabela"
    refused = dict(night.query(query, id=night.run["execucao_id"]))
    assert {name: body["base"] for name, body in counts.items()} == {table.name: table.store for table in TABLES}
    for table, body in counts.items():
        assert body["lidos"] == body["usados"] + sum(body["ignorados"].values()) + sum(body["rejeitados"].values())
        assert sum(body["rejeitados"].values()) == refused.get(table, 0)


def test_published_scores_keep_their_promises(night):
    rows = night.query("select score, probabilidade, faixa, status, motivos from score_vigente order by cpf")
    scored = [row for row in rows if row[3] == "OK"]
    for score, probability, band, _, reasons in scored:
        assert band == band_of(score).value
        assert 0 < probability < 1
        assert 1 <= len(reasons) <= 4
        sizes = [abs(reason["pontos"]) for reason in reasons]
        assert sizes == sorted(sizes, reverse=True)
        assert min(sizes) > 0
    assert {(*row[:3], row[4] == []) for row in rows if row[3] != "OK"} == {(None, None, None, True)}
    assert len({row[2] for row in scored}) >= 3
    by_score = sorted((score, -probability) for score, probability, *_ in scored)
    assert [p for _, p in by_score] == sorted(p for _, p in by_score)


def test_past_behaviour_predicts_the_truth(night):
    """Scores order consumers nearly as their true probability of default does at the last month end."""
    truth = night.truth("probabilidades")
    last = max(truth["data_referencia"].to_pylist())
    known = {
        cpf: p
        for cpf, day, p in zip(
            *(truth[n].to_pylist() for n in ("cpf", "data_referencia", "probabilidade")), strict=True
        )
        if day == last
    }
    pairs = [(s, known[cpf]) for cpf, s in night.query("select cpf, score from score_vigente where score is not null")]
    ranks = [np.argsort(np.argsort(values)) for values in zip(*pairs, strict=True)]
    assert np.corrcoef(*ranks)[0, 1] < -0.6


def test_same_state_same_bytes(night):
    """A second run over the same stores publishes the same content, then rollback returns to the first."""
    again = json.loads(succeed(escore(night.settings, "run", "--as-of", str(AS_OF), "--json")).stdout)
    assert again["execucao_id"] != night.run["execucao_id"]
    assert again["impressao"] == night.run["impressao"]
    [(in_force,)] = night.query("select id::text from execucao where situacao = 'publicada'")
    assert in_force == again["execucao_id"]
    columns = "cliente_id, cpf, score, probabilidade, faixa, status, motivos::text, data_referencia, modelo_versao"
    query = f"select {columns} from score where execucao_id = :id order by cliente_id"
    first, second = (night.query(query, id=run["execucao_id"]) for run in (night.run, again))
    assert first == second
    rolled_back = json.loads(succeed(escore(night.settings, "rollback", "--json")).stdout)
    assert differs("rollback", rolled_back) == {}
    [(in_force,)] = night.query("select id::text from execucao where situacao = 'publicada'")
    assert in_force == night.run["execucao_id"]


def test_a_broken_gate_publishes_nothing_and_names_itself(night):
    before = night.query("select id from execucao where situacao = 'publicada'")
    done = escore(night.settings, "run", "--as-of", str(AS_OF), SCORE_MAX_REJECT_RATE="0.001")
    assert done.returncode == 6
    assert "taxa_de_rejeicao" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert night.query("select id from execucao where situacao = 'publicada'") == before
    [(state, reason, resumable)] = night.query(
        "select situacao, motivo_falha, retomavel from execucao order by iniciada_em desc limit 1"
    )
    assert (state, resumable) == ("falhou", False)
    assert "taxa_de_rejeicao" in reason
    reports = sorted((night.settings.var / "relatorios").glob("*.html"), key=lambda p: p.stat().st_mtime)
    assert "não publicada" in reports[-1].read_text(encoding="utf-8")


@pytest.mark.parametrize("path", ["relatorio", "data_docs"])
def test_reports_stand_where_the_run_says(night, path):
    page = Path(night.run[path])
    text = page.read_text(encoding="utf-8")
    assert len(text) > 1_000
    assert night.settings.var in page.parents


def test_whatever_takes_the_night_goes_to_one_process(request):
    """Else another process of the tests would populate, train and run for itself."""
    takers = {item.nodeid.partition("::")[0] for item in request.session.items if "night" in item.fixturenames}
    assert {scope_of(file) for file in takers} == {NIGHT}
