"""Guards the recomputation of one score: equal to the run's, exact in its sum, with the records that counted."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from contracts.errors import DataIntegrityError
from contracts.score_terms import Reason
from features.catalog import FAMILIES
from features.records import counted_records
from flows.recompute import recompute
from tests.extract_samples import AS_OF, CUTOFF, EARLIER, cpf_of
from tests.law_samples import everything_table, judge, lake_tables
from tests.model_samples import crossed_table

CPF = cpf_of(500_000_001)
LATE = CUTOFF - timedelta(days=40)


def tables(**more):
    """A consumer with a debt, an income, an asset and events, known before the date, and what cannot count."""
    rows = {
        "cliente": [
            {
                "cpf": CPF,
                "id": "c1",
                "data_nascimento": datetime(1980, 5, 4).date(),
                "sexo": "F",
                "uf": "SP",
                "registrado_em": EARLIER,
                "atualizado_em": EARLIER,
            }
        ],
        "divida": [
            debt("d2", vencimento=AS_OF - timedelta(days=30), registrada_em=LATE),
            debt("d1", vencimento=AS_OF - timedelta(days=200), registrada_em=EARLIER),
            debt("prescrita", vencimento=AS_OF - timedelta(days=6 * 365), registrada_em=EARLIER),
            debt("posterior", vencimento=AS_OF, registrada_em=CUTOFF),
        ],
        "bem": [
            {"cpf": CPF, "id": "b1", "tipo": "imovel", "valor_estimado_centavos": 9_000_000, "registrado_em": EARLIER}
        ],
        "consultas": [
            {"cpf": CPF, "empresa": "Banco", "tipo_empresa": "banco", "data_consulta": LATE},
            {"cpf": CPF, "empresa": "Eu", "tipo_empresa": "titular", "data_consulta": LATE},
        ],
    }
    return lake_tables({**rows, **more})


def debt(key, **other):
    return {"cpf": CPF, "id": key, "cliente_id": "c1", "empresa": f"Loja {key}", "valor_centavos": 15_000, **other}


def test_the_score_is_the_one_that_the_run_computes():
    run = judge(tables(), AS_OF).of(CPF)
    result = recompute(everything_table(), tables(), AS_OF)
    assert result.raw_score == run["score_bruto"]
    values = {feature.name: feature.value for feature in result.features}
    assert values == {name: run[name] for name in values}


def test_base_and_points_are_the_unclipped_score_and_the_reasons_their_strongest():
    result = recompute(crossed_table(), tables(), AS_OF)
    assert result.base_points + result.points_sum == result.raw_score
    strongest = sorted(result.terms, key=lambda term: (-abs(term.points), term.code))[:4]
    assert result.score.reasons == tuple(Reason(term.code, term.points) for term in strongest)
    assert [(reason.code, reason.points) for reason in result.reasons] == [(t.code, t.points) for t in strongest]


def test_a_term_says_in_which_cells_its_values_fall():
    terms = {term.code: term for term in recompute(crossed_table(), tables(), AS_OF).terms}
    assert terms["BEM05_CON04"].values == {"bens_sobre_dividas": 300.0, "consultas_365_dias_qtd": 1.0}
    assert terms["BEM05_CON04"].cells == {"bens_sobre_dividas": "acima de 50", "consultas_365_dias_qtd": "acima de 0,5"}
    assert terms["REN01"].cells == {"renda_mensal_valor": "ausente"}
    assert terms["PER02"].cells == {"uf": "SP"}


def test_a_pair_shows_both_features_and_every_family_they_are_made_of():
    result = recompute(crossed_table(), tables(), AS_OF)
    [pair] = [reason for reason in result.reasons if reason.code == "BEM05_CON04"]
    assert pair.features == ("bens_sobre_dividas", "consultas_365_dias_qtd")
    assert pair.families == ("dividas", "bens", "consultas")
    assert set(pair.families) <= set(result.records)
    assert pair.text == "juntos pesam"


def test_only_records_that_counted_are_shown_oldest_first_with_what_they_were_worth():
    """CDC art. 43 §1 and Lei 12.414 art. 7-A III: a prescribed debt and the consumer's own consultation are not."""
    records = recompute(crossed_table(), tables(), AS_OF).records
    debts = records["dividas"].rows.to_pylist()
    assert [(row["id"], row["aberta"], row["dias_atraso"]) for row in debts] == [("d1", True, 200), ("d2", True, 30)]
    assert records["consultas"].rows["empresa"].to_pylist() == ["Banco"]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_no_record_shows_what_no_model_may_read(family):
    columns = set(counted_records(family, tables()[family.table.name], AS_OF).column_names)
    assert not columns & {"cpf", "sexo", "estado_civil", "produto", "descricao"}
    assert family.table.known_at in columns


def test_one_of_whom_nothing_is_known_has_features_but_no_points():
    nothing = {name: [] for name in ("divida", "bem", "consultas")}
    result = recompute(crossed_table(), tables(**nothing), AS_OF)
    assert result.score.status == "DADOS_INSUFICIENTES"
    assert (result.raw_score, result.score.score, result.terms, result.reasons, result.records) == (
        None,
        None,
        (),
        (),
        {},
    )
    assert {feature.name: feature.value for feature in result.features}["uf"] == "SP"


def test_a_snapshot_without_the_consumer_is_said_so():
    with pytest.raises(DataIntegrityError, match="holds 0 consumers"):
        recompute(crossed_table(), tables(cliente=[]), AS_OF)
