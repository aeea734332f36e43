"""Who the Berka clients become: keys, CPFs, rows of ``cliente`` and ``pessoa``.

Every client gets a row, from the day the account was opened; owners alone get the account's facts, since
nothing about other people feeds a person's score (Lei 12.414 art. 7-A II). Keys and CPFs are functions of
the file's own numbers, so a second import gives the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from contracts.cpf import check_digits
from contracts.errors import DataIntegrityError
from population.berka_records import BerkaFiles, Client, District

EVENT_HOUR_UTC = 15
"""The files give days only: every instant is 15:00 UTC, 12:00 or 13:00 of the same day in São Paulo."""

CPF_MULTIPLIER = 387_420_489
"""3**18, coprime to 10**9: client_id x this, modulo 10**9, gives every client other first nine digits."""

CPF_ROOTS = 10**9
NOT_GIVEN = "não informado"
NAMESPACE = uuid5(NAMESPACE_URL, "https://sorry.vse.cz/~berka/challenge/pkdd1999/")

REGION_UF = {
    "Prague": "DF",
    "central Bohemia": "GO",
    "south Bohemia": "PR",
    "west Bohemia": "MT",
    "north Bohemia": "PA",
    "east Bohemia": "BA",
    "south Moravia": "RS",
    "north Moravia": "MA",
}
"""A Brazilian state for each Czech region: a stand-in, fixed so that ``uf`` varies as the regions do."""


@dataclass(frozen=True, slots=True)
class Person:
    """A client as the stores know it: ids, CPF and the instant from which it is known."""

    client: Client
    cliente_id: str
    cpf: str
    known_at: datetime


def berka_id(kind: str, *numbers: int) -> str:
    """Return the UUID (36 characters) of a record, fixed by what it is and its numbers in the files.

    >>> berka_id("cliente", 1) == berka_id("cliente", 1) != berka_id("divida", 1)
    True
    """
    return str(uuid5(NAMESPACE, "/".join([kind, *map(str, numbers)])))


def berka_object_id(kind: str, number: int) -> bytes:
    """Return the ObjectId (12 bytes) of a document, fixed by a letter for its kind and its number.

    >>> berka_object_id("L", 4959).hex()
    '504b444c000000000000135f'
    """
    return f"PKD{kind}".encode() + number.to_bytes(8, "big")


def at_noon(day: date, place: int = 0) -> datetime:
    """Return the instant, naive UTC, that stands for a day; ``place`` seconds tell one's facts of a day apart.

    >>> at_noon(date(1998, 12, 31))
    datetime.datetime(1998, 12, 31, 15, 0)
    """
    return datetime.combine(day, time(EVENT_HOUR_UTC)) + timedelta(seconds=place)


def synthetic_cpf(client_id: int) -> str:
    """Return the valid CPF of a client number; different numbers below 10**9 give different CPFs.

    >>> synthetic_cpf(1)
    '38742048982'
    """
    root = f"{client_id * CPF_MULTIPLIER % CPF_ROOTS:09d}"
    digits = check_digits(np.array([[int(digit) for digit in root]], dtype=np.int64))[0]
    return f"{root}{digits[0]}{digits[1]}"


def people_by_client(files: BerkaFiles) -> dict[int, Person]:
    """Return client_id -> person; a client is known from the opening of the first account it may use."""
    opened = {account.account_id: account.opened for account in files.accounts}
    known: dict[int, date] = {}
    for disposition in files.dispositions:
        day = opened[disposition.account_id]
        known[disposition.client_id] = min(day, known.get(disposition.client_id, day))
    return {
        client.client_id: Person(
            client,
            berka_id("cliente", client.client_id),
            synthetic_cpf(client.client_id),
            at_noon(known[client.client_id]),
        )
        for client in files.clients
    }


def people_by_account(files: BerkaFiles, people: Mapping[int, Person]) -> dict[int, Person]:
    """Return account_id -> its owner: the one person whom the account's facts speak of."""
    return {account_id: people[client_id] for account_id, client_id in files.owners().items()}


def client_rows(people: Iterable[Person], districts: Mapping[int, District]) -> list[dict[str, Any]]:
    """Return the rows of ``cliente``."""
    return [
        {
            "id": person.cliente_id,
            "cpf": person.cpf,
            "nome": f"Cliente {person.client.client_id:05d}",
            "data_nascimento": person.client.birth_date,
            "sexo": "F" if person.client.is_woman else "M",
            "estado_civil": None,
            **_address(districts[person.client.district_id]),
            "registrado_em": person.known_at,
            "atualizado_em": person.known_at,
        }
        for person in people
    ]


def person_rows(people: Iterable[Person], districts: Mapping[int, District]) -> list[dict[str, Any]]:
    """Return the rows of ``pessoa``."""
    return [
        {
            "cpf": person.cpf,
            "cliente_id": person.cliente_id,
            "data_nascimento": person.client.birth_date,
            **_address(districts[person.client.district_id]),
            "atualizado_em": person.known_at,
        }
        for person in people
    ]


def _address(district: District) -> dict[str, str | None]:
    return {
        "uf": _state(district),
        "cidade": district.name,
        "bairro": NOT_GIVEN,
        "longadouro": NOT_GIVEN,
        "numero": None,
        "complemento": None,
    }


def _state(district: District) -> str:
    if district.region not in REGION_UF:
        raise DataIntegrityError(f"district.asc: district {district.district_id} lies in a region that has no state")
    return REGION_UF[district.region]
