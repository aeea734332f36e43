"""Guards the definition of default: horizon, amount, 90 days, local dates, and what was known when."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import TrainingRefusedError
from contracts.reference_date import add_months, cutoff_utc
from contracts.tables import CLIENTE, DIVIDA
from models.label import DEFAULT_DAYS, label_defaults, latest_labelled_date, matures_on

AS_OF = date(2024, 3, 31)
MATURE = date(2025, 6, 29)
LONG_AGO = datetime(2020, 1, 1)


def clients(*known_at: datetime) -> pa.Table:
    rows = [
        {
            "cpf": f"{n:011d}",
            "id": f"c{n}",
            "data_nascimento": date(1990, 1, 1),
            "uf": "SP",
            "registrado_em": instant,
            "atualizado_em": instant,
        }
        for n, instant in enumerate(known_at)
    ]
    return pa.Table.from_pylist(rows, schema=CLIENTE.lake_schema)


def debt(client: int = 0, *, due: date, paid: datetime | None = None, cents: int = 10_000, known: datetime = LONG_AGO):
    return {
        "cpf": f"{client:011d}",
        "id": f"d{client}{due}{paid}",
        "cliente_id": f"c{client}",
        "empresa": "loja",
        "valor_centavos": cents,
        "vencimento": due,
        "registrada_em": known,
        "baixada_em": paid,
    }


def labels(debts: list[dict], people: pa.Table | None = None, **changes: object) -> list[bool]:
    tables = {
        "cliente": clients(LONG_AGO) if people is None else people,
        "divida": pa.Table.from_pylist(debts, schema=DIVIDA.lake_schema),
    }
    options = {"observed_until": MATURE, "horizon_months": 12, "min_debt_cents": 10_000, **changes}
    return label_defaults(tables, AS_OF, **options)["is_bad"].to_pylist()


def test_a_debt_never_paid_in_the_horizon_is_a_default():
    assert labels([debt(due=date(2024, 6, 10))]) == [True]


@pytest.mark.parametrize(
    ("due", "expected"),
    [(AS_OF, False), (date(2024, 4, 1), True), (date(2025, 3, 31), True), (date(2025, 4, 1), False)],
)
def test_the_horizon_is_open_at_the_reference_date_and_closed_at_its_end(due, expected):
    assert labels([debt(due=due)]) == [expected]


def test_a_debt_below_the_minimum_does_not_count():
    assert labels([debt(due=date(2024, 6, 10), cents=9_999)]) == [False]
    assert labels([debt(due=date(2024, 6, 10), cents=10_000)]) == [True]


def test_ninety_days_end_at_midnight_in_sao_paulo_not_in_utc():
    due = date(2024, 6, 10)
    end = cutoff_utc(due + timedelta(days=90))
    assert end == datetime(2024, 9, 9, 3)
    assert labels([debt(due=due, paid=end - timedelta(microseconds=1))]) == [False]
    assert labels([debt(due=due, paid=end)]) == [True]


def test_daylight_saving_time_moves_the_end_of_the_day():
    due = date(2018, 9, 1)  # its 90th day, 30 November 2018, ended at 02:00 UTC
    tables = {"cliente": clients(LONG_AGO - timedelta(days=3000))}
    for paid, expected in ((datetime(2018, 12, 1, 1, 59, 59), False), (datetime(2018, 12, 1, 2), True)):
        rows = [debt(due=due, paid=paid, known=datetime(2018, 1, 1))]
        tables["divida"] = pa.Table.from_pylist(rows, schema=DIVIDA.lake_schema)
        table = label_defaults(
            tables, date(2018, 6, 30), observed_until=date(2020, 1, 1), horizon_months=12, min_debt_cents=1
        )
        assert table["is_bad"].to_pylist() == [expected]


def test_a_young_label_is_refused_with_its_first_date():
    assert matures_on(AS_OF, 12) == MATURE
    assert labels([], observed_until=MATURE) == [False]
    with pytest.raises(TrainingRefusedError, match="2025-06-29"):
        labels([], observed_until=MATURE - timedelta(days=1))


def test_debts_known_after_the_observation_ends_do_not_count():
    end = cutoff_utc(MATURE)
    assert labels([debt(due=date(2024, 6, 10), known=end)]) == [False]
    assert labels([debt(due=date(2024, 6, 10), known=end - timedelta(microseconds=1))]) == [True]


def test_a_payment_after_the_observation_does_not_change_the_label():
    open_debt = debt(due=date(2025, 3, 31))
    paid_late = debt(due=date(2025, 3, 31), paid=cutoff_utc(MATURE) + timedelta(days=30))
    assert labels([open_debt]) == labels([paid_late]) == [True]


def test_only_clients_known_at_the_reference_date_get_a_label_sorted_by_cpf():
    end = cutoff_utc(AS_OF)
    people = clients(LONG_AGO, end, end - timedelta(microseconds=1)).take([2, 1, 0])
    table = label_defaults(
        {"cliente": people, "divida": pa.Table.from_pylist([debt(2, due=AS_OF)], schema=DIVIDA.lake_schema)},
        AS_OF,
        observed_until=MATURE,
        horizon_months=12,
        min_debt_cents=1,
    )
    assert table["cliente_id"].to_pylist() == ["c0", "c2"]


def test_a_prescribed_debt_never_makes_a_label():
    assert labels([debt(due=add_months(AS_OF, -61))]) == [False]


def test_no_clients_at_all():
    assert labels([], clients()) == []


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 4),
            st.integers(-30, 400),
            st.one_of(st.none(), st.integers(-100, 24 * 220)),
            st.integers(9_000, 11_000),
        ),
        max_size=20,
    )
)
def test_equal_to_a_reading_of_the_rule_debt_by_debt(drawn):
    rows, expected = [], [False] * 5
    for client, due_after, paid_hours, cents in drawn:
        due = AS_OF + timedelta(days=due_after)
        paid = None if paid_hours is None else datetime.combine(due, datetime.min.time()) + timedelta(hours=paid_hours)
        rows.append(debt(client, due=due, paid=paid, cents=cents))
        local = None if paid is None else (paid - timedelta(hours=3)).date()  # São Paulo has no DST since 2019
        unpaid = local is None or local > due + timedelta(days=DEFAULT_DAYS)
        if AS_OF < due <= date(2025, 3, 31) and cents >= 10_000 and unpaid:
            expected[client] = True
    assert labels(rows, clients(*[LONG_AGO] * 5)) == expected


@pytest.mark.parametrize("day", [date(2025, 5, 29), date(2025, 6, 29), date(2024, 5, 29), date(2024, 2, 29)])
def test_the_latest_labelled_date_is_the_last_one_not_refused(day):
    latest = latest_labelled_date(day, 12)
    assert matures_on(latest, 12) <= day < matures_on(latest + timedelta(days=1), 12)
