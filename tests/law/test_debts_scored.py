"""Debts more than five years past due feed no feature, score or label; a paid one is no longer open.

CDC art. 43 §1 and Súmula 323 STJ; Súmula 548 STJ.
"""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.reference_date import add_months, cutoff_utc, prescription_date
from models.label import label_defaults
from tests.law_samples import judge, lake_tables

CPF = "52998224725"
KNOWN = datetime(2015, 1, 1)
CLIENT = {
    "cpf": CPF,
    "id": "c",
    "data_nascimento": date(1980, 7, 1),
    "uf": "SP",
    "registrado_em": KNOWN,
    "atualizado_em": KNOWN,
}
LAST_TO_COUNT = {
    date(2025, 6, 30): date(2020, 6, 30),
    date(2025, 3, 1): date(2020, 3, 1),
    date(2025, 2, 28): date(2020, 2, 28),
    date(2024, 2, 29): date(2019, 3, 1),  # five years from 28 February 2019 ended on 28 February 2024
    date(2024, 3, 1): date(2019, 3, 1),
}
"""Reference date: the oldest due date that may count on it."""


def debt(due: date, *, paid: datetime | None = None, cents: int = 50_000) -> dict[str, object]:
    row = {"cpf": CPF, "id": f"{due}", "cliente_id": "c", "empresa": "Loja", "valor_centavos": cents}
    return row | {"vencimento": due, "registrada_em": KNOWN, "baixada_em": paid}


def judged(as_of: date, *debts: dict[str, object]) -> dict[str, object]:
    return judge(lake_tables({"cliente": [CLIENT], "divida": debts}), as_of).of(CPF)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(-400, 400))
def test_a_due_date_counts_until_five_years_from_it_have_ended(as_of, days):
    """CDC art. 43 §1: read the other way round, from the due date on."""
    due = add_months(as_of, -60) + timedelta(days=days)
    assert (due >= prescription_date(as_of)) == (add_months(due, 60) >= as_of)


@pytest.mark.parametrize("as_of", LAST_TO_COUNT)
@pytest.mark.parametrize("late_days", [None, 200], ids=["open", "paid late"])
def test_a_debt_of_five_years_and_a_day_feeds_no_feature_and_no_score(as_of, late_days):
    """CDC art. 43 §1; Súmula 323 STJ: paid or not, it moves no bit; a day younger, it does."""
    last = LAST_TO_COUNT[as_of]

    def with_debt(due: date) -> dict[str, object]:
        paid = None if late_days is None else datetime.combine(due + timedelta(days=late_days), datetime.min.time())
        recent = debt(as_of - timedelta(days=30))
        return judged(as_of, recent, debt(due, paid=paid))

    without = judged(as_of, debt(as_of - timedelta(days=30)))
    assert with_debt(last - timedelta(days=1)) == without
    assert with_debt(last) != without


def test_a_debt_of_five_years_and_a_day_is_not_even_a_sign_of_life():
    """CDC art. 43 §1: who has nothing else has no score, not one made of it."""
    as_of, last = next(iter(LAST_TO_COUNT.items()))
    row = judged(as_of, debt(last - timedelta(days=1)))
    assert (row["status"], row["score"], row["motivos"]) == ("DADOS_INSUFICIENTES", None, [])
    assert judged(as_of, debt(last))["status"] == "OK"


@pytest.mark.parametrize("years", [5, 6])
def test_a_debt_of_five_years_and_a_day_makes_nobody_a_defaulter(years):
    """CDC art. 43 §1: the label looks at what falls due after the reference date alone."""
    as_of = date(2023, 6, 30)
    old = debt(add_months(as_of, -12 * years) - timedelta(days=1))

    def label(*debts: dict[str, object]) -> list[bool]:
        tables = lake_tables({"cliente": [CLIENT], "divida": debts})
        options = {"observed_until": date(2025, 6, 30), "horizon_months": 12, "min_debt_cents": 10_000}
        return label_defaults(tables, as_of, **options)["is_bad"].to_pylist()

    assert label(old) == [False]
    assert label(old, debt(as_of + timedelta(days=1))) == [True]


def test_a_debt_paid_in_the_last_microsecond_of_the_date_is_not_open_on_it():
    """Súmula 548 STJ: nothing that speaks of open debts still counts it."""
    as_of = date(2025, 6, 30)
    end = cutoff_utc(as_of)
    open_features = ("dividas_abertas_qtd", "dividas_vencidas_valor", "dividas_vencidas_mais_90_dias_qtd")
    paid = judged(as_of, debt(date(2025, 1, 10), paid=end - timedelta(microseconds=1)))
    still = judged(as_of, debt(date(2025, 1, 10), paid=end))
    assert [paid[name] for name in open_features] == [0, 0, 0]
    assert [still[name] for name in open_features] == [1, 500, 1]


@pytest.mark.parametrize(("late", "counted"), [(90, 0), (91, 1)])
def test_the_ninety_first_day_makes_the_default_and_the_ninetieth_does_not(late, counted):
    """Res. CMN 4.966: more than 90 days."""
    as_of = date(2025, 6, 30)
    assert judged(as_of, debt(as_of - timedelta(days=late)))["dividas_vencidas_mais_90_dias_qtd"] == counted
