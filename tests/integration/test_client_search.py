"""What a search of consumers finds on PostgreSQL equals its plain meaning, by every form of the query."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date
from itertools import combinations

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from contracts.letter_folding import FOLDED_FROM, fold, folded_sql
from contracts.settings import Settings
from serve.systems.client_clauses import clauses_of
from serve.systems.client_counts import count_clients, expected_matches
from serve.systems.client_filter import ClientFilter
from serve.systems.client_paging import PageReader
from serve.systems.client_queries import (
    Position,
    Span,
    select_clients,
    select_gathered,
    select_in_order,
    select_matches,
    select_within,
)
from stores.connections import sql_engine
from tests.client_samples import SIGNS, find, insert_clients, make_client, odd_name

CLIENTS = [make_client(number) for number in range(1500)]
ODD = [make_client(number, name=odd_name(random.Random(number))) for number in range(1500, 2500)]
FREQUENT_LAST = [make_client(n, client_id=f"z-{n}", name=f"Zeferino Último {n}") for n in range(2500, 3500)]
EVERYBODY = CLIENTS + ODD + FREQUENT_LAST
READERS = {"gathers": PageReader(cheap_gathering=1e9), "walks if it can": PageReader(cheap_gathering=0)}
FILTERS = {
    "nome": ("joao silv", "SILVA", "conc", "d'avila", "ana júl", "müll weis", "x", "júl ana ana", "ultimo"),
    "cpf": ("00000000007", "99999999999"),
    "uf": ("SP", "RO", "XX"),
    "cidade": ("são paulo", "JI PARANA", "santos", "nenhuma"),
    "data_nascimento": (date(1980, 3, 1), date(1999, 1, 1)),
    "estado_civil": ("casado", "união estável", "VIUVO", "outro"),
}


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    settings = make_installation("busca")
    insert_clients(settings, EVERYBODY)
    return settings


@pytest.fixture(scope="module")
def connection(settings: Settings) -> Iterator[sa.Connection]:
    engine = sql_engine(settings.secret("base_a_url"), timeout=10)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def search(connection: sa.Connection, conditions: ClientFilter, reader: PageReader, *, size: int) -> list[str]:
    """Return the ids of all pages of a search; its count is asserted to be theirs."""
    clauses = clauses_of(conditions, "postgresql")
    page = reader.read(connection, clauses, Span(size), counting=True)
    ids = [row["id"] for row in page.rows]
    while len(page.rows) == size:
        page_after = reader.read(connection, clauses, Span(size, Position(">", ids[-1])), counting=False)
        ids += [row["id"] for row in page_after.rows]
        if len(page_after.rows) < size:
            break
    assert page.count is not None
    if page.count.is_exact:
        assert page.count.value == len(ids)
    return ids


@given(
    st.lists(
        st.text(st.sampled_from(FOLDED_FROM + "xÆŒẞ山🎉\\%&") | st.characters(codec="utf-8", exclude_characters="\0")),
        min_size=1,
    )
)
@tries(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_database_folds_texts_as_the_program_does(connection, texts):
    texts += [unicodedata.normalize("NFD", text) for text in texts]
    query = sa.text(f"SELECT {folded_sql('t')} FROM unnest(CAST(:texts AS text[])) WITH ORDINALITY u (t, n) ORDER BY n")
    assert list(connection.scalars(query, {"texts": texts})) == [fold(text) for text in texts]


@pytest.mark.parametrize("way", READERS)
@pytest.mark.parametrize("names", [*combinations(FILTERS, 1), *combinations(FILTERS, 2)], ids="+".join)
def test_filters_alone_and_in_pairs(connection, names, way):
    chance = random.Random(repr(names))
    for _ in range(6):
        conditions = ClientFilter(**{name: chance.choice(FILTERS[name]) for name in names})
        found = search(connection, conditions, READERS[way], size=chance.choice((7, 100)))
        assert found == find(EVERYBODY, conditions), conditions


@pytest.mark.parametrize("way", READERS)
def test_names_of_any_signs(connection, way):
    """Quotes, backslashes, operators of a text search and wildcards of a pattern are letters like others."""
    chance = random.Random(7)
    for _ in range(80):
        name = chance.choice(ODD)["nome"] if chance.random() < 0.5 else odd_name(chance)
        conditions = ClientFilter(nome=name[: chance.randrange(1, 12)] + chance.choice(["", " ", "a", SIGNS]))
        if fold(conditions.nome).strip():
            assert search(connection, conditions, READERS[way], size=50) == find(EVERYBODY, conditions), conditions


@pytest.mark.parametrize("way", [">", ">=", "<", "<="])
@pytest.mark.parametrize(
    "conditions", [ClientFilter(), ClientFilter(uf="SP"), ClientFilter(nome="silva"), ClientFilter(nome="a", uf="SP")]
)
def test_every_form_of_a_page_is_the_same_page(connection, conditions, way):
    """From a position on or back, with rows skipped or not."""
    clauses, ids = clauses_of(conditions, "postgresql"), find(EVERYBODY, conditions)
    pivot = ids[len(ids) // 2]
    after = {">": [i for i in ids if i > pivot], ">=": [i for i in ids if i >= pivot]}
    before = {"<": [i for i in ids if i < pivot][::-1], "<=": [i for i in ids if i <= pivot][::-1]}
    for offset in (0, 13):
        span = Span(20, Position(way, pivot), offset)
        wanted = sorted((after | before)[way][offset : offset + 20])
        queries = [select_in_order(clauses, span), select_within(clauses, span, window=10_000)]
        if clauses.searched:
            queries.append(select_gathered(clauses, span))
        for query in queries:
            rows = connection.execute(select_clients(query)).mappings().all()
            assert [row["id"] for row in rows] == wanted


@pytest.mark.parametrize(
    ("conditions", "index"),
    [
        (ClientFilter(uf="RO"), "ix_cliente_uf"),
        (ClientFilter(cidade="São Paulo"), "ix_cliente_cidade"),
        (ClientFilter(data_nascimento=date(1980, 3, 1)), "ix_cliente_data_nascimento"),
        (ClientFilter(cpf="00000000007"), "uq_cliente_cpf"),
        (ClientFilter(nome="joao silv"), "ix_cliente_busca"),
        (ClientFilter(nome="joao silv", uf="SP", cidade="Santos", estado_civil="casado"), "ix_cliente_busca"),
    ],
)
def test_the_migration_s_indexes_answer_the_queries(connection, conditions, index):
    """The expressions of both are the same: of another one the index would be passed by."""
    clauses = clauses_of(conditions, "postgresql")
    compiled = select_matches(clauses.searched or clauses.leading).compile(connection)
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # a small table is soonest read whole
    plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {compiled}", compiled.params).scalars())
    connection.rollback()
    assert index in plan


def test_a_stretch_without_matches_is_followed_by_gathering(connection):
    """A third of all are called so, but none of those who come first: the expected stretch finds nobody."""
    conditions = ClientFilter(nome="zeferino")
    clauses = clauses_of(conditions, "postgresql")
    span = Span(21)
    assert not connection.execute(select_within(clauses, span, window=500)).all()
    page = READERS["walks if it can"].read(connection, clauses, span, counting=True)
    assert [row["id"] for row in page.rows] == find(EVERYBODY, conditions)[:21]
    assert page.count is not None
    assert (page.count.value, page.count.is_exact) == (len(FREQUENT_LAST), True)


def test_the_count_is_exact_up_to_the_limit_and_the_planner_s_beyond(connection):
    everybody, few = clauses_of(ClientFilter(), "postgresql"), clauses_of(ClientFilter(uf="RO"), "postgresql")
    for clauses, matches in ((everybody, len(EVERYBODY)), (few, len(find(EVERYBODY, ClientFilter(uf="RO"))))):
        expected = expected_matches(connection, clauses.leading)
        assert expected == pytest.approx(matches, rel=0.1)
        for limit, is_exact in ((matches, True), (matches - 1, False), (matches // 3, False)):
            count = count_clients(connection, clauses, expected=expected, exact_limit=limit)
            assert count.is_exact is is_exact
            assert count.value == pytest.approx(matches, rel=0.1)
            assert count.value == matches or not is_exact


def test_a_frequent_search_is_estimated_and_a_rare_one_counted(connection):
    reader = READERS["walks if it can"]
    frequent = reader.read(connection, clauses_of(ClientFilter(nome="a"), "postgresql"), Span(21), counting=True)
    rare = reader.read(connection, clauses_of(ClientFilter(nome="zuleide müll"), "postgresql"), Span(21), counting=True)
    assert frequent.count is not None
    assert not frequent.count.is_exact
    assert frequent.count.value == pytest.approx(len(find(EVERYBODY, ClientFilter(nome="a"))), rel=0.2)
    assert rare.count is not None
    assert rare.count.is_exact


def test_a_page_beyond_the_last_is_void(connection):
    for conditions in (ClientFilter(), ClientFilter(nome="silva"), ClientFilter(nome="a")):
        for reader in READERS.values():
            page = reader.read(connection, clauses_of(conditions, "postgresql"), Span(21, offset=10_000), counting=True)
            assert not page.rows
