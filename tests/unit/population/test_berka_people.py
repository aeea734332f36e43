from datetime import date, datetime

import pyarrow as pa
import pytest

from contracts.cpf import has_valid_digits
from contracts.errors import DataIntegrityError
from contracts.reference_date import cutoff_utc
from contracts.tables import FEDERATIVE_UNITS
from population.berka_people import (
    REGION_UF,
    at_noon,
    berka_id,
    client_rows,
    people_by_account,
    people_by_client,
    person_rows,
    synthetic_cpf,
)
from population.berka_records import Account, BerkaFiles, Client, Disposition, District

DISTRICTS = {2: District(2, "Benesov", "central Bohemia")}


def _files() -> BerkaFiles:
    return BerkaFiles(
        clients=(Client(1, date(1970, 12, 13), True, 2), Client(2, date(1945, 2, 4), False, 2)),
        districts=tuple(DISTRICTS.values()),
        accounts=(Account(7, date(1993, 5, 1)), Account(8, date(1994, 5, 1))),
        dispositions=(Disposition(3, 1, 7, True), Disposition(4, 2, 7, False), Disposition(5, 1, 8, True)),
        loans=(),
        cards=(),
        movements=(),
        standing_orders=0,
    )


def test_cpfs_are_valid_distinct_and_fixed() -> None:
    cpfs = [synthetic_cpf(number) for number in range(1, 14_001)]
    assert len(set(cpfs)) == len(cpfs)
    assert all(has_valid_digits(pa.array(cpfs)).to_pylist())
    assert synthetic_cpf(1) == cpfs[0]


def test_ids_differ_by_kind_and_number() -> None:
    ids = {berka_id("divida", 1, 12), berka_id("divida", 11, 2), berka_id("cliente", 1, 12)}
    assert len(ids) == 3
    assert all(len(text) == 36 for text in ids)


@pytest.mark.parametrize("day", [date(1993, 1, 1), date(1997, 12, 31), date(1996, 10, 6), date(1998, 2, 28)])
def test_the_hour_lies_within_the_same_day_in_sao_paulo(day: date) -> None:
    previous = date.fromordinal(day.toordinal() - 1)
    assert cutoff_utc(previous) <= at_noon(day) < cutoff_utc(day)


def test_a_client_is_known_from_its_first_account() -> None:
    people = people_by_client(_files())
    assert people[1].known_at == people[2].known_at == datetime(1993, 5, 1, 15)


def test_an_accounts_facts_belong_to_its_owner_alone() -> None:
    files = _files()
    owners = people_by_account(files, people_by_client(files))
    assert {account: person.client.client_id for account, person in owners.items()} == {7: 1, 8: 1}


def test_both_stores_hold_the_same_person() -> None:
    people = people_by_client(_files()).values()
    clients, persons = client_rows(people, DISTRICTS), person_rows(people, DISTRICTS)
    assert [(row["id"], row["cpf"]) for row in clients] == [(row["cliente_id"], row["cpf"]) for row in persons]
    assert [row["sexo"] for row in clients] == ["F", "M"]
    assert {row["uf"] for row in clients} == {"GO"}
    assert {row["cidade"] for row in persons} == {"Benesov"}


def test_every_region_stands_in_another_real_state() -> None:
    assert set(REGION_UF.values()) <= set(FEDERATIVE_UNITS)
    assert len(set(REGION_UF.values())) == len(REGION_UF)


def test_an_unknown_region_is_not_guessed() -> None:
    people = people_by_client(_files()).values()
    with pytest.raises(DataIntegrityError, match="district 2"):
        client_rows(people, {2: District(2, "Wien", "Austria")})
