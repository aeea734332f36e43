"""What consulentes see of debts: none that is paid, none more than five years past due, from the very instant.

CDC art. 43 §1 and Súmula 323 STJ; Súmula 548 STJ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
import sqlalchemy as sa

from contracts.settings import Settings
from serve.app import create_app_a
from stores.connections import sql_engine
from tests.api_server import caller, running
from tests.extract_samples import client, cpf_of, debt, insert

CPF = cpf_of(123123123)
TODAY = date(2026, 11, 22)
MIDNIGHT = datetime(2026, 11, 22, 3, tzinfo=UTC)
"""The first instant of TODAY in São Paulo."""


class Hands:
    """A clock that the tests set."""

    def __init__(self) -> None:
        self.now = MIDNIGHT

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    settings = make_installation("lei_dividas")
    debts = [
        debt("d-velha", "c", empresa="Velha", vencimento=date(2021, 11, 21)),
        debt("d-limite", "c", empresa="Limite", vencimento=date(2021, 11, 22)),
        debt("d-vencida", "c", empresa="Vencida", vencimento=date(2026, 11, 1)),
        debt("d-a-vencer", "c", empresa="A vencer", vencimento=date(2027, 3, 1)),
        debt("d-paga", "c", empresa="Paga", vencimento=date(2026, 11, 1), baixada_em=datetime(2026, 11, 20)),
        debt("d-bissexta", "c", empresa="Bissexta", vencimento=date(2019, 2, 28)),
    ]
    insert(settings, {"cliente": [client("c", CPF)], "divida": debts})
    return settings


@pytest.fixture(scope="module")
def clock() -> Hands:
    return Hands()


@pytest.fixture(scope="module")
def consulente(settings: Settings, clock: Hands) -> Iterator[httpx.Client]:
    with running(create_app_a(settings, clock=clock)) as url, caller(url, settings, "clientes:ler") as client:
        yield client


def shown(consulente: httpx.Client) -> set[str]:
    """Return the creditors that a consulente sees, after asserting that both endpoints show the same debts."""
    one = consulente.get("/clientes/c").json()
    [listed] = consulente.get("/clientes", params={"cpf": CPF}).json()["results"]
    assert listed == one
    return {debt["empresa"] for debt in one["dividas"]}


def test_open_debts_are_shown_due_or_not_and_paid_or_prescribed_ones_are_not(consulente, clock):
    """CDC art. 43 §1; Súmula 548 STJ; "dívida em aberto": known and not paid, whatever its due date."""
    clock.now = MIDNIGHT
    assert shown(consulente) == {"Limite", "Vencida", "A vencer"}


@pytest.mark.parametrize(
    ("now", "visible"),
    [
        (MIDNIGHT - timedelta(microseconds=1), {"Velha", "Limite"}),
        (MIDNIGHT, {"Limite"}),
        (MIDNIGHT + timedelta(days=1), set()),
    ],
)
def test_a_debt_leaves_with_the_midnight_in_sao_paulo_that_ends_its_five_years(consulente, clock, now, visible):
    """CDC art. 43 §1: the day is São Paulo's, not UTC's."""
    clock.now = now
    assert shown(consulente) & {"Velha", "Limite"} == visible


@pytest.mark.parametrize(("day", "visible"), [(28, True), (29, False)])
def test_a_leap_day_keeps_no_debt_alive(consulente, clock, day, visible):
    """CDC art. 43 §1: what fell due on 28 February 2019 is gone on 29 February 2024."""
    clock.now = datetime(2024, 2, day, 12, tzinfo=UTC)
    assert ("Bissexta" in shown(consulente)) == visible


def test_a_debt_paid_between_two_reads_is_gone_from_the_second(consulente, clock, settings):
    """Súmula 548 STJ: nothing is kept in between, neither here nor by the caller."""
    clock.now = MIDNIGHT
    before = shown(consulente)
    engine = sql_engine(settings.secret("base_a_admin_url"), timeout=10)
    with engine.begin() as connection:
        connection.execute(sa.text("update divida set baixada_em = :now where id = 'd-vencida'"), {"now": MIDNIGHT})
    engine.dispose()
    assert before - shown(consulente) == {"Vencida"}
    for path in ("/clientes", "/clientes/c"):
        assert "no-store" in consulente.get(path).headers["cache-control"]
