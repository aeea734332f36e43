"""The listing over HTTP: pages that stay whole while consumers come and go, cursors, limits, and how it counts."""

from __future__ import annotations

import base64
import json
import random
import time
from collections.abc import Callable, Iterator
from datetime import date
from itertools import chain
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from contracts.settings import Settings
from serve.app import create_app_a
from serve.published.person_hash import derive_key
from serve.systems.client_filter import ClientFilter
from serve.systems.client_search import DIRECT_ROWS, DIRECT_ROWS_SEARCHED
from serve.systems.page_links import LIFETIME_SECONDS
from tests.api_server import caller, running
from tests.client_samples import delete_clients, find, insert_clients, make_client, run_as_owner

CLIENTS = [make_client(number) for number in range(2000)]
SEARCHES = ({}, {"uf": "SP"}, {"nome": "silv"}, {"nome": "jo", "cidade": "santos"}, {"estado_civil": "casado"})


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    settings = make_installation("listagem")
    insert_clients(settings, CLIENTS)
    return settings


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[httpx.Client]:
    with running(create_app_a(settings)) as url, caller(url, settings, "clientes:ler") as client:
        yield client


@pytest.fixture
def empty(settings: Settings) -> Iterator[Settings]:
    """Base A without consumers, who are all back afterwards."""
    run_as_owner(settings, lambda connection: connection.execute(sa.text("TRUNCATE cliente CASCADE")))
    yield settings
    run_as_owner(settings, lambda connection: connection.execute(sa.text("TRUNCATE cliente CASCADE")))
    insert_clients(settings, CLIENTS)


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["results"]]


def cursor_of(link: str) -> str:
    [cursor] = parse_qs(urlsplit(link).query)["cursor"]
    return cursor


def listed(client: httpx.Client, link: str) -> tuple[list[str], dict[str, Any]]:
    answer = client.get(link)
    return ids(answer), answer.json()


@pytest.mark.parametrize("search", SEARCHES, ids=repr)
def test_all_pages_forth_and_back_are_the_search_in_order(client, search):
    wanted = find(CLIENTS, ClientFilter(**search))
    pages, link, last = [], str(httpx.URL("/clientes/", params={**search, "page_size": 40})), {}
    while link:
        page, last = listed(client, link)
        pages.append(page)
        assert last["count"] == len(wanted)
        link = last["next"]
    assert list(chain(*pages)) == wanted
    assert ids(client.get("/clientes", params={**search, "page_size": 40, "page": 2})) == pages[1]
    for page in reversed(pages[:-1]):
        again, last = listed(client, last["previous"])
        assert again == page
    assert last["previous"] is None


@pytest.mark.parametrize("seed", range(3))
def test_who_was_there_all_along_is_seen_once_whatever_comes_and_goes(client, empty, seed):
    """Between any two pages consumers are added and deleted anywhere, also those at the pages' edges."""
    chance = random.Random(seed)
    alive = {item["id"]: item for item in (make_client(n) for n in range(200))}
    insert_clients(empty, list(alive.values()))
    staying, number = set(alive), 1000

    def disturb(page: list[str]) -> None:
        nonlocal number
        edges = [page[0], page[-1]] if page else []
        gone = {i for i in [*chance.sample(sorted(alive), 5), *edges] if i in alive and chance.random() < 0.7}
        delete_clients(empty, gone)
        for client_id in gone:
            del alive[client_id]
        come = [make_client(number + n) for n in range(chance.randrange(8))]
        come += [make_client(number + 8, client_id=f"{edges[-1]}0")] if edges else []
        number += 10
        insert_clients(empty, come, analyze=False)
        alive.update((item["id"], item) for item in come)

    size = chance.choice((7, 20))
    link, seen, page, answer = f"/clientes/?page_size={size}", [], [], {}
    while link:
        if page:
            disturb(page)
        page, answer = listed(client, link)
        seen += page
        link = answer["next"]
    assert seen == sorted(set(seen))
    assert staying & set(alive) <= set(seen)

    staying, seen = set(alive), page
    while link := answer["previous"]:
        disturb(page)
        page, answer = listed(client, link)
        seen = page + seen
    assert seen == sorted(set(seen))
    assert staying & set(alive) <= set(seen)
    assert len(alive) > 50


def test_a_page_whose_consumers_have_all_gone_is_empty_and_leads_back(client, empty):
    insert_clients(empty, CLIENTS[:60])
    everybody = find(CLIENTS[:60], ClientFilter())
    first = client.get("/clientes").json()
    second = client.get(first["next"]).json()
    delete_clients(empty, everybody[40:])
    third = client.get(second["next"])
    assert (ids(third), third.json()["next"], third.json()["count"]) == ([], None, 60)
    assert ids(client.get(third.json()["previous"])) == everybody[20:40]
    delete_clients(empty, everybody[:20])
    assert ids(client.get(second["previous"])) == everybody[20:40]
    assert client.get(second["previous"]).json()["previous"] is None


def test_no_consumers_at_all(client, empty):
    for search in SEARCHES:
        answer = client.get("/clientes", params=search)
        assert answer.json() == {"count": 0, "next": None, "previous": None, "results": []}
        assert answer.headers["x-contagem"] == "exata"
    assert client.get("/clientes?page=2").status_code == 404


def test_a_link_shows_where_it_leads_and_names_nobody(client):
    name = CLIENTS[3]["nome"].split()[0]
    link = client.get("/clientes", params={"nome": name, "page_size": 5}).json()["next"]
    parameters = parse_qs(urlsplit(link).query)
    assert link.startswith("/clientes/?page=2&page_size=5&cursor=")
    assert set(parameters) == {"page", "page_size", "cursor"}
    sealed = base64.urlsafe_b64decode(parameters["cursor"][0] + "==")
    assert name.encode() not in sealed
    assert b"silv" not in sealed
    assert client.get("/clientes").json()["next"].startswith("/clientes/?page=2&cursor=")


def test_a_cursor_goes_with_its_own_page_and_nothing_else(client):
    link = client.get("/clientes", params={"uf": "SP", "page_size": 5}).json()["next"]
    cursor = cursor_of(link)
    alone = client.get("/clientes", params={"cursor": cursor})
    assert ids(alone) == ids(client.get(link)) == find(CLIENTS, ClientFilter(uf="SP"))[5:10]
    for more in ({"uf": "SP"}, {"uf": "RJ"}, {"nome": "x"}, {"page": 3}, {"page_size": 6}, {"page": 1, "page_size": 5}):
        answer = client.get("/clientes", params={"cursor": cursor, **more})
        assert answer.status_code == 400, more
        assert "cursor" in answer.json()["detail"]


def test_a_cursor_that_is_tampered_with_foreign_or_old_is_refused(client, settings):
    cursor = cursor_of(client.get("/clientes", params={"uf": "SP"}).json()["next"])
    fernet = Fernet(base64.urlsafe_b64encode(derive_key(settings.secret("cache_key").encode(), "escore-cursor")))
    old = fernet.encrypt_at_time(b"[]", int(time.time()) - LIFETIME_SECONDS - 5).decode()
    foreign = Fernet(Fernet.generate_key()).encrypt(b"[]").decode()
    chance = random.Random(1)
    tampered = []
    for _ in range(30):
        place = chance.randrange(len(cursor) - 2)
        tampered.append(cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :])
    for text, word in [(old, "venceu"), *((t, "malformado") for t in (foreign, cursor[:-4], "", "é", "=", *tampered))]:
        answer = client.get("/clientes", params={"cursor": text})
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
        assert word in answer.json()["detail"]


def test_a_page_by_its_number_alone_is_bounded(client):
    for search, deepest in (({}, DIRECT_ROWS), ({"uf": "SP"}, DIRECT_ROWS), ({"nome": "a"}, DIRECT_ROWS_SEARCHED)):
        wanted = find(CLIENTS, ClientFilter(**search))
        page = deepest // 100
        inside = client.get("/clientes", params={**search, "page": page, "page_size": 100})
        assert inside.status_code == (200 if wanted[(page - 1) * 100 :] else 404)
        beyond = client.get("/clientes", params={**search, "page": page + 1, "page_size": 100})
        assert beyond.status_code == 404
        assert "next" in beyond.json()["detail"]
    assert ids(client.get("/clientes", params={"page": 20, "page_size": 100})) == find(CLIENTS, ClientFilter())[1900:]
    assert client.get("/clientes", params={"page": 21, "page_size": 100}).status_code == 404


@pytest.mark.parametrize(("size", "status"), [(1, 200), (100, 200), (0, 422), (101, 422), (-1, 422)])
def test_page_size_has_limits(client, size, status):
    answer = client.get("/clientes", params={"page_size": size})
    assert answer.status_code == status
    assert status != 200 or len(ids(answer)) == size


@pytest.mark.parametrize("name", ["", "-", "' .", "\u0301", "a\x00", "a\tb", "a" * 201])
def test_a_name_has_a_word_and_no_control_characters(client, name):
    assert client.get("/clientes", params={"nome": name}).status_code == 422


@pytest.mark.parametrize("query", ["sexo=F", "nome=a&nome=b", "page=1&page=1", "filtro=x", "Nome=a"])
def test_unknown_and_repeated_parameters_are_refused(client, query):
    assert client.get(f"/clientes?{query}").status_code == 400


def test_all_filters_together(client):
    one = CLIENTS[11]
    status = {} if one["estado_civil"] is None else {"estado_civil": one["estado_civil"].upper()}
    search = {
        "nome": one["nome"].upper(),
        "cpf": f"{one['cpf'][:3]}.{one['cpf'][3:6]}.{one['cpf'][6:9]}-{one['cpf'][9:]}",
        "uf": one["uf"].lower(),
        "cidade": one["cidade"].lower(),
        "data_nascimento": one["data_nascimento"].isoformat(),
        **status,
    }
    assert ids(client.get("/clientes", params=search)) == [one["id"]]
    assert ids(client.get("/clientes", params={**search, "data_nascimento": date(1970, 1, 1).isoformat()})) == []


def test_numbers_of_houses_are_text_or_null(client):
    answer = client.get("/clientes", params={"page_size": 100})
    numbers = {json.dumps(item["endereco"]["numero"]) for item in answer.json()["results"]}
    assert numbers == {'"12"', '"S/N"', "null"}
