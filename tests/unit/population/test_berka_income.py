from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from contracts.reference_date import add_months
from population.berka_income import REMITTANCE, income_rows
from population.berka_people import Person, at_noon
from population.berka_records import Client, Movement

OWNER = Person(Client(1, date(1970, 12, 13), True, 2), "id-1", "38742048982", datetime(1993, 1, 1, 15))
START = date(1993, 3, 12)


def _movement(number: int, day: date, cents: int = 2_000_00, **changed: Any) -> Movement:
    values = {"is_credit": True, "place": 0, "operation": REMITTANCE, "purpose": "", **changed}
    return Movement(trans_id=number, account_id=7, day=day, cents=cents, **values)


def _salary(*cents: int, first: date = START) -> list[Movement]:
    return [_movement(n, add_months(first, n), c) for n, c in enumerate(cents)]


def _rows(movements: Sequence[Movement]) -> list[dict[str, Any]]:
    ordered = sorted(movements, key=lambda movement: (movement.day, movement.trans_id))
    return income_rows(ordered, {7: OWNER})


def test_the_third_monthly_credit_makes_a_source_known_just_after_it() -> None:
    assert _rows(_salary(2_000_00, 2_000_00)) == []
    (row,) = _rows(_salary(2_000_00, 2_100_00, 2_050_00))
    assert row["registrada_em"] == datetime(1993, 5, 12, 15, 0, 1)
    assert (row["valor"], row["frequencia"], row["tipo"]) == (2_050_00, "mensal", "salario")
    assert row["encerrada_em"] is None


def test_a_pension_is_aposentadoria() -> None:
    pension = [_movement(n, add_months(START, n), purpose="old-age pension") for n in range(3)]
    assert [row["tipo"] for row in _rows(pension)] == ["aposentadoria"]


@pytest.mark.parametrize(
    "changed", [{"operation": "credit in cash"}, {"is_credit": False}, {"purpose": "interest credited"}]
)
def test_other_movements_are_no_income(changed: dict[str, Any]) -> None:
    assert _rows([_movement(n, add_months(START, n), **changed) for n in range(6)]) == []


def test_a_bonus_month_delays_the_source_and_does_not_raise_it() -> None:
    (row,) = _rows(_salary(2_000_00, 2_000_00, 3_000_00, 2_000_00, 2_000_00, 2_000_00))
    assert row["registrada_em"].date() == date(1993, 8, 12)
    assert row["valor"] == 2_000_00


def test_credits_that_are_not_monthly_make_no_source() -> None:
    weekly = [_movement(n, START + timedelta(days=7 * n)) for n in range(9)]
    assert _rows(weekly) == []


def test_two_missed_credits_end_the_source_at_the_movement_that_shows_it() -> None:
    salary = _salary(2_000_00, 2_000_00, 2_000_00)
    before = _movement(90, date(1993, 7, 22), purpose="interest credited")
    after = _movement(91, date(1993, 7, 31), purpose="interest credited")
    assert _rows([*salary, before])[0]["encerrada_em"] is None
    assert _rows([*salary, before, after])[0]["encerrada_em"] == datetime(1993, 7, 31, 15, 0, 1)


def test_silence_of_the_file_ends_nothing() -> None:
    assert _rows(_salary(2_000_00, 2_000_00, 2_000_00))[0]["encerrada_em"] is None


def test_one_missed_credit_ends_nothing() -> None:
    salary = _salary(2_000_00, 2_000_00, 2_000_00, 3_000_00, 2_000_00, 2_000_00)
    later = _movement(90, date(1993, 9, 20), purpose="interest credited")
    assert [row["encerrada_em"] for row in _rows([*salary, later])] == [None]


def test_a_new_level_of_pay_ends_the_old_source_and_starts_another() -> None:
    salary = _salary(*[2_000_00] * 3, *[4_000_00] * 5)
    marks = [_movement(50 + n, date(1993, n, 28), 100, purpose="interest credited") for n in range(3, 11)]
    old, new = _rows([*salary, *marks])
    assert old["encerrada_em"] == datetime(1993, 7, 28, 15, 0, 1)
    assert (new["valor"], new["registrada_em"]) == (4_000_00, datetime(1993, 8, 12, 15, 0, 1))


def _irregular_incomes(generator: np.random.Generator) -> list[Movement]:
    """Four years of a salary and a pension with bonuses, new levels, skipped months, and interest in between."""
    movements = []
    for month in range(48):
        level = 2_000_00 * (1 + month // 12)
        for purpose in ("", "old-age pension", "interest credited"):
            if generator.random() < 0.8:
                day = add_months(START, month) + timedelta(days=int(generator.integers(0, 8)))
                cents = int(level * generator.choice([1.0, 1.1, 1.5], p=[0.7, 0.2, 0.1]))
                movements.append(_movement(len(movements), day, cents, purpose=purpose))
    return movements


@pytest.mark.parametrize("seed", range(5))
def test_no_later_movement_changes_what_was_known(seed: int) -> None:
    movements = _irregular_incomes(np.random.default_rng(seed))
    whole = _rows(movements)
    assert whole
    for movement in movements:
        cut = _rows([other for other in movements if other.day <= movement.day])
        assert cut == known_by(whole, movement.day)


def known_by(rows: list[dict[str, Any]], day: date) -> list[dict[str, Any]]:
    limit = at_noon(day) + timedelta(hours=1)
    known = [row for row in rows if row["registrada_em"] < limit]
    return [{**row, "encerrada_em": e if (e := row["encerrada_em"]) and e < limit else None} for row in known]
