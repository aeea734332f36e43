"""The PKDD'99 "Berka" files as typed records, checked; nothing is interpreted here.

Enters: a folder with the challenge's ``;``-separated files and ``trans.parquet``. Leaves: a ``BerkaFiles``.
Every missing file is named in one error; so is every missing column, and every broken link between files.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

import pyarrow.parquet as pq

from contracts.documents import reading_parquet
from contracts.errors import DataIntegrityError, UsageError
from population.berka_records import (
    Account,
    BerkaFiles,
    Card,
    Client,
    Disposition,
    District,
    Loan,
    Movement,
    birth,
    short_date,
)

MOVEMENTS_FILE = "trans.parquet"
COLUMNS = {
    "client.asc": ("client_id", "birth_number", "district_id"),
    "district.asc": ("A1", "A2", "A3"),
    "account.asc": ("account_id", "date"),
    "disp.asc": ("disp_id", "client_id", "account_id", "type"),
    "loan.asc": ("loan_id", "account_id", "date", "duration", "payments", "status"),
    "card.asc": ("card_id", "disp_id", "type", "issued"),
    "order.asc": ("order_id",),
    MOVEMENTS_FILE: ("trans_id", "account_id", "date", "type", "operation", "amount", "k_symbol"),
}
"""The files that an import needs, and the columns that it reads of each."""

OWNER = "OWNER"
CREDIT = "credit"
LOAN_STATUSES = frozenset("ABCD")

Record = TypeVar("Record")


def read_files(directory: Path) -> BerkaFiles:
    """Return the folder's records; UsageError names what is missing, DataIntegrityError what does not fit."""
    _require_files(directory)
    _require_columns(directory)
    found = BerkaFiles(
        clients=_records(directory, "client.asc", _client),
        districts=_records(directory, "district.asc", _district),
        accounts=_records(directory, "account.asc", _account),
        dispositions=_records(directory, "disp.asc", _disposition),
        loans=_records(directory, "loan.asc", _loan),
        cards=_records(directory, "card.asc", _card),
        movements=_movements(directory),
        standing_orders=sum(1 for _ in _lines(directory / "order.asc")),
    )
    _require_links(found)
    return found


def _require_files(directory: Path) -> None:
    missing = [name for name in COLUMNS if not (directory / name).is_file()]
    if missing:
        raise UsageError(f"{directory} is not the Berka data: missing {', '.join(missing)}")


def _require_columns(directory: Path) -> None:
    problems = []
    for name, needed in COLUMNS.items():
        path = directory / name
        given = _movement_columns(path) if name == MOVEMENTS_FILE else _header(path)
        absent = [column for column in needed if column not in given]
        if absent:
            problems.append(f"{name} lacks {', '.join(absent)}")
    if problems:
        raise DataIntegrityError("; ".join(problems))


def _movement_columns(path: Path) -> list[str]:
    with reading_parquet(path.name):
        names: list[str] = pq.read_schema(path).names
    return names


def _header(path: Path) -> list[str]:
    with _reading(path.name), path.open(encoding="utf-8", newline="") as stream:
        return next(csv.reader(stream, delimiter=";"), [])


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with _reading(path.name), path.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream, delimiter=";")


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Turn what is no text in UTF-8, or no lines of columns, into DataIntegrityError."""
    try:
        yield
    except (UnicodeDecodeError, csv.Error):
        raise DataIntegrityError(f"{name}: not lines of columns in UTF-8") from None


def _records(directory: Path, name: str, parse: Callable[[Mapping[str, Any]], Record]) -> tuple[Record, ...]:
    return tuple(_parsed(name, parse, _lines(directory / name)))


def _parsed(
    name: str, parse: Callable[[Mapping[str, Any]], Record], lines: Iterable[Mapping[str, Any]]
) -> Iterator[Record]:
    for number, line in enumerate(lines, start=2):
        try:
            yield parse(line)
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise DataIntegrityError(
                f"{name}, line {number}: a value is not of the type that its column has"
            ) from error


def _client(line: Mapping[str, Any]) -> Client:
    born, is_woman = birth(line["birth_number"])
    return Client(int(line["client_id"]), born, is_woman, int(line["district_id"]))


def _district(line: Mapping[str, Any]) -> District:
    return District(int(line["A1"]), line["A2"], line["A3"])


def _account(line: Mapping[str, Any]) -> Account:
    return Account(int(line["account_id"]), short_date(line["date"]))


def _disposition(line: Mapping[str, Any]) -> Disposition:
    return Disposition(int(line["disp_id"]), int(line["client_id"]), int(line["account_id"]), line["type"] == OWNER)


def _loan(line: Mapping[str, Any]) -> Loan:
    if line["status"] not in LOAN_STATUSES:
        raise ValueError("loan status")
    return Loan(
        int(line["loan_id"]),
        int(line["account_id"]),
        short_date(line["date"]),
        int(line["duration"]),
        round(float(line["payments"]) * 100),
        line["status"],
    )


def _card(line: Mapping[str, Any]) -> Card:
    return Card(int(line["card_id"]), int(line["disp_id"]), line["type"], short_date(line["issued"].split(" ")[0]))


def _movements(directory: Path) -> tuple[Movement, ...]:
    names = COLUMNS[MOVEMENTS_FILE]
    with reading_parquet(MOVEMENTS_FILE):
        table = pq.read_table(directory / MOVEMENTS_FILE, columns=list(names))
        ordered = table.sort_by([("account_id", "ascending"), ("date", "ascending"), ("trans_id", "ascending")])
        columns = [ordered[name].to_pylist() for name in names]
    rows = (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))
    return tuple(_with_places(_parsed(MOVEMENTS_FILE, _movement, rows)))


def _with_places(movements: Iterable[Movement]) -> Iterator[Movement]:
    for _, of_one_day in groupby(movements, key=attrgetter("account_id", "day")):
        for place, movement in enumerate(of_one_day):
            yield replace(movement, place=place)


def _movement(row: Mapping[str, Any]) -> Movement:
    moment: datetime = row["date"]
    return Movement(
        trans_id=int(row["trans_id"]),
        account_id=int(row["account_id"]),
        day=date(moment.year, moment.month, moment.day),
        place=0,
        is_credit=row["type"] == CREDIT,
        operation=row["operation"] or "",
        purpose=row["k_symbol"] or "",
        cents=round(row["amount"] * 100),
    )


def _require_links(found: BerkaFiles) -> None:
    clients = {client.client_id for client in found.clients}
    accounts = {account.account_id for account in found.accounts}
    districts = {district.district_id for district in found.districts}
    dispositions = {disposition.disp_id for disposition in found.dispositions}
    broken = {
        "clients of an unknown district": sum(c.district_id not in districts for c in found.clients),
        "dispositions of an unknown client": sum(d.client_id not in clients for d in found.dispositions),
        "dispositions of an unknown account": sum(d.account_id not in accounts for d in found.dispositions),
        "clients without a disposition": len(clients - {d.client_id for d in found.dispositions}),
        "accounts without an owner": len(accounts - set(found.owners())),
        "loans of an unknown account": sum(loan.account_id not in accounts for loan in found.loans),
        "cards of an unknown disposition": sum(card.disp_id not in dispositions for card in found.cards),
        "movements of an unknown account": sum(m.account_id not in accounts for m in found.movements),
    }
    problems = [f"{count} {what}" for what, count in broken.items() if count]
    if problems:
        raise DataIntegrityError(f"the Berka files contradict one another: {', '.join(problems)}")
