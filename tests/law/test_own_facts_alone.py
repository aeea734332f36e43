"""A score is made of the consumer's own facts alone, and never of a look at one's own record.

Lei 12.414 art. 7-A II and III; LGPD art. 21.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from contracts.errors import TrainingRefusedError
from contracts.reference_date import cutoff_utc
from contracts.settings import Settings
from features.catalog import FAMILIES, FEATURES, make_catalog
from features.declaration import Measure, RowColumn
from tests.extract_samples import asset, cpf_of, debt, income, insert, person
from tests.law_samples import Judged, consumer, insert_consumers, judge, judge_stores, lake_tables, query

AS_OF = date(2025, 6, 30)
KNOWN = datetime(2024, 1, 1)
EVENTS = datetime(2025, 6, 1)
MINE, PARTNER, STRANGER = (cpf_of(number) for number in (111_222_333, 222_333_444, 333_444_555))
DEBTS = next(family for family in FAMILIES if family.name == "dividas")


@pytest.fixture(scope="module")
def stores(make_installation) -> Settings:
    """Stores with one consumer and a partner, who share home and name."""
    settings = make_installation("lei_outros")
    insert_consumers(settings, *(consumer(key, cpf, known=KNOWN, events=EVENTS) for key, cpf in PEOPLE.items()))
    return settings


PEOPLE = {"eu": MINE, "par": PARTNER}


@pytest.mark.parametrize(
    "sql",
    [
        "avg(valor_centavos) OVER ()",
        "rank() over (order by valor_centavos)",
        "(SELECT max(valor_centavos) FROM divida)",
        "(FROM divida LIMIT 1)",
        "valor_centavos IN (select valor_centavos from divida d where d.cpf <> cpf)",
    ],
)
def test_a_feature_that_reaches_other_peoples_rows_cannot_be_declared(sql):
    """Lei 12.414 art. 7-A II: in a record's value, in what counts, in a measure or in the formula itself."""
    planted = [
        (replace(DEBTS, row_columns=(*DEBTS.row_columns, RowColumn("extra", sql, ""))), FEATURES[0]),
        (replace(DEBTS, row_filter=f"{DEBTS.row_filter} AND {sql} IS NOT NULL"), FEATURES[0]),
        (replace(DEBTS, measures=(*DEBTS.measures, Measure("extra", sql, ""))), FEATURES[0]),
        (DEBTS, replace(FEATURES[0], formula=f"dividas.abertas + {sql}")),
    ]
    for family, feature in planted:
        with pytest.raises(TrainingRefusedError, match="7-A II"):
            make_catalog([FAMILIES[0], family], [feature])


def test_another_persons_facts_move_no_bit_of_ones_score(stores):
    """Lei 12.414 art. 7-A II: a partner at the same address falls into debt, a stranger appears."""
    before = judge_stores(stores, AS_OF).of(MINE)
    partners = judge_stores(stores, AS_OF).of(PARTNER)
    insert(
        stores,
        {
            "divida": [debt(f"d{n}", "par", valor="9999.00", vencimento=date(2025, 1, 10)) for n in range(9)],
            "fonte_de_renda": [income("r-par", PARTNER, valor="90000.00")],
            "bem": [asset("b-par", PARTNER)],
            "consultas": [query(PARTNER, EVENTS + timedelta(hours=n), "banco") for n in range(20)],
        },
    )
    insert_consumers(stores, consumer("novo", STRANGER, known=KNOWN, events=EVENTS))
    after = judge_stores(stores, AS_OF)
    assert after.of(MINE) == before
    assert after.of(PARTNER)["score_bruto"] != partners["score_bruto"]


def test_records_that_name_two_people_are_used_for_neither(stores):
    """Lei 12.414 art. 7-A II: a document with a list of CPFs, a person under another's id."""
    before = judge_stores(stores, AS_OF).of(MINE)
    insert(stores, {"consultas": [query([MINE, PARTNER], EVENTS, "banco"), query([PARTNER, MINE], EVENTS, "banco")]})
    assert judge_stores(stores, AS_OF).of(MINE) == before
    third = cpf_of(444_555_666)
    crossed = consumer("cruzado", third, known=KNOWN, events=EVENTS) | {"pessoa": [person("de-outro", third)]}
    insert_consumers(stores, crossed)
    assert judge_stores(stores, AS_OF).of(MINE) == before


@pytest.mark.parametrize("kind", ["titular", "Titular", " TITULAR\n", "\ttitular "])
def test_looking_at_ones_own_record_moves_no_bit(stores, kind):
    """Lei 12.414 art. 7-A III; LGPD art. 21: however the store spells it, once or twenty times."""
    before = judge_stores(stores, AS_OF).of(MINE)
    insert(stores, {"consultas": [query(MINE, EVENTS + timedelta(minutes=n), kind) for n in range(20)]})
    assert judge_stores(stores, AS_OF).of(MINE) == before


def test_a_third_partys_look_does_count(stores):
    """Guards the test above: the same planted as a bank's moves the score."""
    before = judge_stores(stores, AS_OF).of(MINE)
    insert(stores, {"consultas": [query(MINE, EVENTS + timedelta(minutes=n), "varejo") for n in range(20)]})
    assert judge_stores(stores, AS_OF).of(MINE)["score_bruto"] != before["score_bruto"]


def test_who_only_looked_at_the_own_record_has_no_score():
    """Lei 12.414 art. 7-A III: nor does it make a score where there would be none."""
    look = {"cpf": MINE, "empresa": "-", "tipo_empresa": "titular", "data_consulta": cutoff_utc(AS_OF) - timedelta(1)}
    known = {"data_nascimento": date(1980, 7, 1), "uf": "SP", "registrado_em": KNOWN, "atualizado_em": KNOWN}
    judged: Judged = judge(lake_tables({"cliente": [{"cpf": MINE, "id": "c", **known}], "consultas": [look]}), AS_OF)
    assert judged.of(MINE)["status"] == "DADOS_INSUFICIENTES"
