"""The page for consumers and analysts, end to end: the built files, the real server, the stores, Chromium."""

from __future__ import annotations

import dataclasses
import gzip
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Route as PageRoute
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from contracts.settings import Settings
from deploy.package.archives import unpack
from deploy.package.packager import Packager
from flows.demo_examples import KINDS, Caller, find_examples
from serve.access.minting import Grant, sign_by_secret
from serve.access.titular import Titular
from serve.access.tokens import SCOPES
from serve.api.web_page import CONTENT_SECURITY_POLICY, FOLDER
from serve.app import create_app, create_app_a
from serve.auditing.sidecar import ship_folder
from serve.published.person_hash import PersonHash
from stores.connections import sql_engine
from tests.api_server import PURPOSE, running, token
from tests.browser import WATCH_POLICY, Watched, launched, watch
from tests.cloud_front import cloud_front
from tests.faults import truth
from tests.published_runs import publishing, put_in_force
from tests.score_samples import make_run, make_scores

ROOT = Path(__file__).parents[2]
AXE = ROOT / "serve" / "web" / "node_modules" / "axe-core" / "axe.min.js"
AXE_RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
ASSETS = "DOCS_ASSETS"
"""Variable with the folder, relative to the repository, that the screenshots for the documentation go to."""

FIRST_LOAD_BYTES = 200_000
AT_LEISURE = 500
"""Milliseconds in which the page has long shown an answer that it was going to show."""
DESK, TABLET, PHONE = ({"width": w, "height": h} for w, h in ((1100, 900), (768, 1024), (360, 740)))
NIGHTS = (("2026-05-31", 0), ("2026-06-30", 150), ("2026-07-31", 110), ("2026-08-31", 260), ("2026-09-30", 220))
IN_TIME, TOO_LATE = "2026-10-02T12:00:00-03:00", "2026-10-20T12:00:00-03:00"
"""Instants of the browser's clock: while the last night's scores are valid, and after."""
NUMBER = 13
"""The consumer looked at; the tests of this file agree on it because of its four reasons."""
UNSCORED = 19
"""A consumer of whom nothing is known that counts."""

TEXTS = {
    "ATRASO": ("Suas dívidas não passam de poucos dias de atraso.", "Há dívidas em atraso há mais de 90 dias."),
    "DIVIDA_RENDA": ("Suas dívidas cabem na sua renda.", "Suas dívidas são altas diante da sua renda."),
    "IDADE": (
        "Você mantém a mesma fonte de renda há bastante tempo.",
        "Sua fonte de renda foi registrada há pouco tempo ou não é conhecida.",
    ),
    "RENDA": ("Sua renda é estável.", "Não se conhece renda estável."),
    "USO_CARTAO": ("Seu uso do cartão é regular.", "Seu uso do cartão cresceu no último ano."),
}
"""What the reasons of these scores say: when they raise a score, and when they lower it. One is the catalog's own."""
DESCRIPTION = """# Como funciona o score

Modelo cartao, versão m-1.

## As faixas

| Faixa | Score | Chance |
| --- | --- | --- |
| Baixo | 0 a 300 | de 57,4% a 94,8% |

## O que é olhado

| Código | Informação | Quando aumenta o score | Quando reduz o score | Sentido | Pontos |
| --- | --- | --- | --- | --- | --- |
| ATRASO | dias de atraso | poucos dias | muitos dias | quanto maior, menor o score | -171 a +70 |
| UF | estado | um estado | outro \\| estado | mais pontos: MG; menos pontos: AC | -56 a +34 |

## O que nunca é olhado

- sexo, cor, raça, etnia ou origem social
- <b>estado civil</b>
"""
"""A public description of a model, in the Markdown that models/validation/public_description.py writes."""

TABS = ("Score", "Histórico", "Cadastro e dívidas", "Renda e bens", "Eventos", "Quem consultou", "Revisão")


@pytest.fixture(scope="module")
def persons(settings: Settings) -> list[truth.Person]:
    return truth.make_persons(PersonHash(settings.secret("cache_key").encode()))


@pytest.fixture(scope="module")
def person(persons: list[truth.Person]) -> truth.Person:
    return persons[NUMBER]


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    settings = make_installation("pagina")
    truth.fill(settings, truth.make_persons(PersonHash(settings.secret("cache_key").encode())))
    publish_nights(settings)
    return settings


def publish_nights(settings: Settings) -> None:
    """Publish the scores of several nights, each a little different."""
    texts = {code: {"aumenta": raises, "reduz": lowers} for code, (raises, lowers) in TEXTS.items()}
    with publishing(settings) as (engine, publisher):
        for number, (day, shift) in enumerate(NIGHTS, start=1):
            as_of = datetime.fromisoformat(day)
            computed = as_of.replace(tzinfo=UTC) + timedelta(days=1, hours=5)
            run = dataclasses.replace(make_run(number, as_of=as_of.date()), calculado_em=computed, textos=texts)
            run = dataclasses.replace(run, modelo_descricao=DESCRIPTION)
            put_in_force(engine, publisher, run, make_scores(truth.CONSUMERS, shift=shift))


@pytest.fixture(scope="module")
def url(settings: Settings) -> Iterator[str]:
    with running(create_app(settings)) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def seen(browser: Browser) -> Iterator[Watched]:
    """Yield a page on a desk, and require at its end that nothing broke and nothing was kept or told."""
    context = browser.new_context(locale="pt-BR", viewport=DESK, timezone_id="America/Sao_Paulo")
    context.add_init_script(WATCH_POLICY)
    watched = watch(context.new_page())
    yield watched
    assert not watched.faults
    assert watched.refused() == []
    assert len(watched.hosts()) == 1
    assert watched.page.evaluate("[sessionStorage.length, document.cookie, Object.keys(localStorage)]") == [
        0,
        "",
        ["escore.idioma"],
    ]
    context.close()


@pytest.fixture(scope="module")
def axe() -> str:
    """Return axe-core's script; without it the checks by it are left out, and say so."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: `scripts/install-web` installs it, with Node and npm")
    return AXE.read_text("utf-8")


def ship(settings: Settings) -> None:
    """Take the journal to PostgreSQL, in a thread: the browser's driver holds this one's event loop."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(ship_folder, settings).result()


def titulars_token(settings: Settings, person: truth.Person) -> str:
    grant = Grant("app-do-titular", tuple(SCOPES), None, timedelta(minutes=10), Titular(person.id))
    return sign_by_secret(settings.secret("jwt_secret"), grant)


def lasting_token(settings: Settings) -> str:
    """Return a token that is good by the browser's clock too, whatever time that is set to."""
    grant = Grant("banco-teste", tuple(SCOPES), PURPOSE, timedelta(days=36_500))
    return sign_by_secret(settings.secret("jwt_secret"), grant)


def sign_in(page: Page, url: str, bearer: str) -> None:
    page.goto(f"{url}/app/")
    page.get_by_label("Token de acesso").fill(bearer)
    page.get_by_role("button", name="Entrar").click()


def search(page: Page, text: str) -> None:
    page.get_by_role("textbox").fill(text)
    page.get_by_role("button", name="Buscar").click()


def open_consumer(page: Page, person: truth.Person) -> None:
    search(page, person.client["nome"])
    page.get_by_role("link", name=person.client["nome"], exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Consumidor")
    expect(page.get_by_text(f"{person.client['nome']}, CPF ***")).to_be_visible()
    assert person.client["nome"] not in page.title(), "titles are kept in the browser's history"


def open_tab(page: Page, name: str) -> Any:
    page.get_by_role("tab", name=name, exact=True).click()
    panel = page.get_by_role("tabpanel", name=name)
    expect(panel.get_by_text("Carregando…")).to_have_count(0)
    return panel


def check_axe(page: Page, axe: str) -> None:
    """Require that axe finds nothing amiss, nor in dark colours; it is put in from outside, past the page's policy."""
    page.evaluate(axe)
    for scheme, only in (("dark", {"type": "rule", "values": ["color-contrast"]}), ("light", AXE_RULES)):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        check_rules(page, only)


def check_rules(page: Page, only: dict[str, Any]) -> None:
    found = page.evaluate("runOnly => axe.run(document, { runOnly })", only)
    assert found["passes"]
    told = [
        (item["id"], item["help"], [node["html"][:200] + str(node["any"][:1]) for node in item["nodes"]])
        for item in found["violations"]
    ]
    assert told == []


def check_fits(page: Page) -> None:
    """Require that nothing is wider than the screen."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def in_reais(amount: float) -> str:
    return "R$ " + f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def in_percent(part: float) -> str:
    """Return a part of one in percent, with three significant digits."""
    return f"{float(f'{100 * part:.3g}'):g}%".replace(".", ",")


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def picture(page: Page, name: str) -> None:
    """Take a picture for the documentation, if one is asked for."""
    if folder := os.environ.get(ASSETS):
        page.screenshot(path=ROOT / folder / name, full_page=True)


def test_an_analyst_reads_all_there_is_of_a_consumer(seen, url, settings, person):
    page = seen.page
    page.clock.set_fixed_time(IN_TIME)
    page.goto(url)
    assert page.url == f"{url}/app/"
    sign_in(page, url, lasting_token(settings))
    open_consumer(page, person)

    score = httpx.get(
        f"{url}/clientes/{person.id}/score", headers={"Authorization": f"Bearer {token(settings)}"}
    ).json()
    panel = open_tab(page, "Score")
    expect(panel).to_contain_text(f"O score é {score['score']}, numa escala de 0 a 1.000.")
    expect(panel).to_contain_text(f"Faixa: {score['faixa'].replace('_', ' ')}")
    assert in_percent(score["probabilidade_inadimplencia"]) in plain(panel.inner_text())
    expect(panel.get_by_text("Este score valia até")).to_have_count(0)
    for reason in score["motivos"]:
        item = panel.get_by_role("listitem").filter(has_text=reason["texto"])
        expect(item).to_contain_text(f"{reason['pontos']:+d} pontos")
        title = "O que aumentou" if reason["direcao"] == "aumenta" else "O que reduziu"
        assert item.count() == 1
        assert title in item.locator("xpath=ancestor::section").inner_text()
    assert len(score["motivos"]) > 2
    picture(page, "web-score.png")

    panel = open_tab(page, "Histórico")
    expect(panel.get_by_role("img")).to_have_accessible_name(re.compile(r"^Gráfico de 5 scores: .* 31 de maio de 2026"))
    panel.get_by_text("Ver em tabela").click()
    picture(page, "web-history.png")
    rows = panel.get_by_role("row")
    assert rows.count() == len(NIGHTS) + 1
    expect(rows.nth(1)).to_contain_text("30 de setembro de 2026 (em vigor)")
    expect(rows.nth(1)).to_contain_text(str(score["score"]))

    panel = open_tab(page, "Cadastro e dívidas")
    [debt] = person.client["dividas"]
    assert in_reais(debt["valor"]) in plain(panel.inner_text())
    expect(panel).to_contain_text(debt["empresa"])
    expect(panel).to_contain_text("1 dívida em aberto")
    expect(panel).to_contain_text("vencimento em 1 de maio de 2031, a vencer")
    expect(panel).to_contain_text("Praça da Sé, S/N, Sé, São Paulo, SP")
    expect(panel).to_contain_text(f"***.{person.cpf[3:6]}.{person.cpf[6:9]}-**")
    expect(panel.get_by_text("Sexo")).to_have_count(0)

    panel = open_tab(page, "Renda e bens")
    text = plain(panel.inner_text())
    assert in_reais(person.score_data["fontes_de_renda"][0]["valor"]) in text
    assert in_reais(person.score_data["bens"][0]["valor_estimado"]) in text

    panel = open_tab(page, "Eventos")
    text = plain(panel.inner_text())
    assert person.events["ultima_consulta"]["empresa"] in text
    assert in_reais(person.events["movimentacao_financeira"]["valor"]) in text
    assert person.events["ultima_compra"]["produto"] in text
    page.clock.set_fixed_time(TOO_LATE)
    expect(open_tab(page, "Score")).to_contain_text("Este score valia até 8 de outubro de 2026")
    assert person.cpf not in " ".join(map(unquote, seen.asked))


def test_who_looked_is_told_and_each_part_is_read_once(seen, url, settings, persons):
    person = persons[NUMBER + 1]
    page = seen.page
    sign_in(page, url, token(settings))
    open_consumer(page, person)
    for name in ("Score", "Cadastro e dívidas", "Score", "Cadastro e dívidas", "Score"):
        open_tab(page, name)
    read = [item for item in seen.asked if f"/clientes/{person.id}" in item]
    assert len(read) == 2
    ship(settings)
    panel = open_tab(page, "Quem consultou")
    listed = panel.get_by_role("listitem")
    expect(listed.filter(has_text="leu o score")).to_have_count(1)
    expect(listed.filter(has_text="leu cadastro e dívidas")).to_have_count(1)
    expect(listed.filter(has_text="encontrou o consumidor numa busca")).to_have_count(1)
    expect(listed.first).to_contain_text("banco-teste")
    expect(listed.first).to_contain_text("finalidade: Concessao de credito")


def test_a_titular_sees_their_own_data_and_asks_for_a_review(seen, url, settings, persons):
    person = persons[NUMBER + 2]
    page = seen.page
    sign_in(page, url, titulars_token(settings, person))
    expect(page.get_by_role("heading", level=1)).to_have_text("Seus dados")
    expect(page.get_by_role("link", name="Buscar outro consumidor")).to_have_count(0)
    expect(page.get_by_role("tabpanel")).to_contain_text("score", ignore_case=True)
    panel = open_tab(page, "Cadastro e dívidas")
    expect(panel).to_contain_text(person.client["nome"])
    expect(panel.get_by_text("Feminino", exact=True)).to_be_visible()
    expect(panel).to_contain_text("Sexo e estado civil não entram no score")
    open_tab(page, "Eventos")
    panel = open_tab(page, "Revisão")
    expect(panel).to_contain_text("Nenhuma revisão foi pedida.")
    panel.get_by_role("button", name="Pedir revisão").click()
    dialog = page.get_by_role("dialog", name="Pedir a revisão do score")
    dialog.get_by_role("button", name="Enviar pedido").click()
    expect(dialog.get_by_role("alert")).to_have_text("Escolha um motivo.")
    dialog.get_by_label("Uma dívida que aparece já foi paga").check()
    dialog.get_by_role("button", name="Enviar pedido").click()
    expect(dialog).to_have_count(0)
    expect(panel).to_contain_text("O pedido foi registrado.")
    expect(panel).to_contain_text("Já há um pedido aberto")
    expect(panel.get_by_role("listitem")).to_contain_text("Uma dívida que aparece já foi paga")
    engine = sql_engine(settings.secret("results_url"), timeout=5)
    with engine.connect() as connection:
        query = sa.text("SELECT motivo, situacao FROM revisao WHERE cliente_id = :id")
        assert [tuple(row) for row in connection.execute(query, {"id": person.id})] == [("divida_paga", "aberta")]
    engine.dispose()


def test_a_cpf_is_found_and_stands_in_no_address(seen, url, settings, person):
    """With the score's scope alone: the CPF travels in a body, and the page shows what that scope opens."""
    page = seen.page
    sign_in(page, url, token(settings, "score:ler"))
    search(page, "111.111.111-11")
    expect(page.get_by_role("alert")).to_have_text("Este CPF não existe: confira os onze dígitos.")
    search(page, "Maria")
    expect(page.get_by_role("alert")).to_have_text("Seu token só permite buscar por CPF.")
    search(page, truth.STRANGERS[0])
    expect(page.get_by_text("Ninguém foi encontrado.")).to_be_visible()
    search(page, person.cpf)
    expect(page.get_by_role("heading", level=1)).to_have_text("Consumidor")
    expect(page.get_by_role("tab")).to_have_text(["Score"])
    expect(page.get_by_text("Seu token não dá acesso a: Histórico, Cadastro e dívidas")).to_be_visible()
    addresses = [unquote(item) for item in [*seen.asked, page.url]]
    for cpf in (person.cpf, truth.STRANGERS[0], "111.111.111-11"):
        assert not [item for item in addresses if cpf in item]
    bearer = token(settings, "score:ler")
    assert not [item for item in addresses if bearer[:30] in item]
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Encontrar um consumidor")


def test_names_are_searched_page_by_page_and_stand_in_no_address(seen, url, settings):
    page = seen.page
    sign_in(page, url, token(settings))
    search(page, "Pessoa Número")
    expect(page.get_by_text(f"{truth.CONSUMERS} consumidores encontrados")).to_be_visible()
    first = page.get_by_role("main").get_by_role("link").all_inner_texts()
    page.get_by_role("button", name="Próxima página").click()
    expect(page.get_by_role("button", name="Página anterior")).to_be_visible()
    second = page.get_by_role("main").get_by_role("link").all_inner_texts()
    assert len(first) == len(second) == 20
    assert not set(first) & set(second)
    assert not [item for item in seen.asked if "Pessoa" in unquote(item)]


def test_the_purpose_is_asked_for_where_the_token_has_none(seen, url, settings, person):
    page = seen.page
    sign_in(page, url, token(settings, finalidade=None))
    page.get_by_label("Finalidade da consulta").fill("analise 52998224725")
    page.get_by_role("button", name="Entrar").click()
    expect(page.get_by_role("alert")).to_have_text("Escreva a finalidade em palavras, sem números.")
    page.get_by_label("Finalidade da consulta").fill("análise de crédito")
    page.get_by_role("button", name="Entrar").click()
    open_consumer(page, person)
    ship(settings)
    panel = open_tab(page, "Quem consultou")
    expect(panel.get_by_role("listitem").first).to_contain_text("finalidade: Análise de crédito")


def test_what_is_no_token_and_what_has_ended(seen, url, settings):
    page = seen.page
    sign_in(page, url, "segredo")
    expect(page.get_by_role("alert")).to_have_text("Isto não é um token: são três partes separadas por pontos.")
    expect(page.get_by_label("Token de acesso")).to_be_focused()
    old = Grant("banco-teste", tuple(SCOPES), "teste", timedelta(seconds=-60))
    sign_in(page, url, sign_by_secret(settings.secret("jwt_secret"), old))
    expect(page.get_by_role("alert")).to_have_text("Este token já venceu. Peça outro.")
    brief = Grant("banco-teste", tuple(SCOPES), "teste", timedelta(seconds=4))
    sign_in(page, url, sign_by_secret(settings.secret("jwt_secret"), brief))
    expect(page.get_by_role("heading", level=1)).to_have_text("Encontrar um consumidor")
    expect(page.get_by_text("Seu acesso terminou. Entre de novo para continuar.")).to_be_visible()
    forged = token(settings)[:-6] + "AAAAAA"
    sign_in(page, url, forged)
    search(page, "Pessoa")
    expect(page.get_by_text("Seu acesso terminou. Entre de novo para continuar.")).to_be_visible()
    sign_in(page, url, token(settings))
    page.reload()
    expect(page.get_by_label("Token de acesso")).to_have_value("")
    sign_in(page, url, token(settings, "eventos:ler"))
    expect(page.get_by_text("precisa do escopo score:ler ou clientes:ler")).to_be_visible()


ERRORS = {
    503: "Um dos bancos de dados não está respondendo agora.",
    429: "Foram feitos pedidos demais em pouco tempo.",
    500: "Algo deu errado do nosso lado.",
    403: "Seu token não dá acesso a isto.",
    404: "Este consumidor não tem score na execução em vigor.",
    None: "Não foi possível falar com a API. Verifique sua conexão.",
}
"""What the page says of an answer's status; of none, where nobody answers."""


def test_errors_are_said_in_plain_sentences(seen, url, settings, persons):
    """The answer is put in the API's place, as the API words it; another try then reads the real one."""
    page = seen.page
    sign_in(page, url, token(settings))
    for person, (status, sentence) in zip(persons[20:], ERRORS.items(), strict=False):
        place = f"**/clientes/{person.id}/score"
        page.route(place, partial(refuse, status=status))
        page.evaluate("place => { location.hash = place; }", f"#/consumidor/{person.id}")
        panel = page.get_by_role("tabpanel", name="Score")
        expect(panel).to_contain_text(sentence)
        if status in (429, 503):
            expect(panel).to_contain_text("Tente de novo em 5 segundos.")
        if status == 500:
            expect(panel).to_contain_text("informe a requisição 7")
        if status not in (None, 404):
            expect(panel.locator("q[lang='pt-BR']")).to_have_text("o que a API diz")
        page.unroute(place)
        again = panel.get_by_role("button", name="Tentar de novo")
        if status in (403, 404):
            expect(again).to_have_count(0)
        else:
            again.click()
            expect(panel).to_contain_text("O score é")


def refuse(route: PageRoute, *, status: int | None) -> None:
    """Answer with a problem of this status, or not at all."""
    if status is None:
        route.abort()
        return
    problem = {"type": "about:blank", "title": "x", "detail": "o que a API diz", "instance": "urn:uuid:7"}
    headers = {"Retry-After": "5"} if status in (429, 503) else {}
    body = json.dumps(problem | {"status": status})
    route.fulfill(status=status, content_type="application/problem+json", headers=headers, body=body)


def fulfill(route: PageRoute, *, body: dict[str, Any]) -> None:
    route.fulfill(json=body)


def test_what_is_not_known_is_said_and_is_no_low_score(seen, url, settings, persons):
    person = persons[UNSCORED]
    page = seen.page
    sign_in(page, url, token(settings))
    empty = {
        "": {**person.client, "dividas": []},
        "/score-data": {**person.score_data, "fontes_de_renda": [], "bens": []},
        "/eventos": dict.fromkeys(person.events),
        "/acessos": {"desde": "2026-05-22T15:00:00Z", "next": None, "results": []},
    }
    for rest, body in empty.items():
        page.route(f"**/clientes/{person.id}{rest}", partial(fulfill, body=body))
    open_consumer(page, person)
    expect(open_tab(page, "Score")).to_contain_text("Ainda não há score")
    expect(open_tab(page, "Histórico").get_by_role("row").nth(1)).to_contain_text("sem score")
    expect(open_tab(page, "Cadastro e dívidas")).to_contain_text("Nenhuma dívida em aberto é conhecida.")
    panel = open_tab(page, "Renda e bens")
    expect(panel).to_contain_text("Nenhuma fonte de renda é conhecida.")
    expect(panel).to_contain_text("Nenhum bem é conhecido.")
    expect(open_tab(page, "Eventos").get_by_text("Nenhuma é conhecida.")).to_have_count(3)
    expect(open_tab(page, "Quem consultou")).to_contain_text("Ninguém consultou nos últimos seis meses.")


def test_waiting_is_said_and_signing_out_leaves_nobody_s_page(seen, url, settings, person):
    page = seen.page
    held: list[PageRoute] = []

    def hold(route: PageRoute) -> None:
        held.append(route)

    page.route(f"**/clientes/{person.id}/score", hold)
    sign_in(page, url, token(settings))
    open_consumer(page, person)
    expect(page.get_by_role("status").filter(has_text="Carregando…")).to_be_visible()
    held[0].continue_()
    expect(page.get_by_role("tabpanel", name="Score")).to_contain_text("O score é")
    page.get_by_role("button", name="Sair").click()
    expect(page.get_by_text("Você saiu. O token foi esquecido.")).to_be_visible()
    assert person.id not in page.url
    page.get_by_label("Token de acesso").fill(token(settings))
    page.get_by_role("button", name="Entrar").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Encontrar um consumidor")


def test_of_two_searches_the_later_counts_and_none_does_once_one_has_signed_out(seen, url, settings, persons):
    page, early, late = seen.page, persons[3], persons[7]
    held: list[PageRoute] = []

    def hold(route: PageRoute) -> None:
        held.append(route)

    for path in ("cadastros", "scores"):
        page.route(f"**/{path}/consultar", hold)

    def answer(number: int) -> None:
        with suppress(PlaywrightError):  # the page waits for it no more
            held[number].continue_()

    sign_in(page, url, token(settings))
    for person in (early, late):
        search(page, person.client["nome"])
        expect(page.get_by_text("Carregando…")).to_be_visible()
    answer(1)
    expect(page.get_by_role("link", name=late.client["nome"], exact=True)).to_be_visible()
    answer(0)
    page.wait_for_timeout(AT_LEISURE)
    expect(page.get_by_role("link", name=late.client["nome"], exact=True)).to_be_visible()
    page.get_by_role("button", name="Sair").click()
    page.get_by_label("Token de acesso").fill(token(settings, "score:ler"))
    page.get_by_role("button", name="Entrar").click()
    search(page, early.cpf)
    expect(page.get_by_text("Carregando…")).to_be_visible()
    page.get_by_role("button", name="Sair").click()
    answer(2)
    page.wait_for_timeout(AT_LEISURE)
    assert early.id not in page.url


def test_the_keyboard_alone_is_enough(seen, url, settings, person):
    page = seen.page
    page.goto(f"{url}/app/")
    press = page.keyboard.press
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    press("Tab")
    page.keyboard.insert_text(token(settings))
    press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Encontrar um consumidor")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    press("Tab")
    page.keyboard.insert_text(person.cpf)
    press("Enter")
    expect(page.get_by_role("link", name=person.client["nome"])).to_be_visible()
    press("Tab")
    press("Tab")
    expect(page.get_by_role("link", name=person.client["nome"])).to_be_focused()
    press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Consumidor")
    press("Tab")
    expect(page.get_by_role("tab", name="Score")).to_be_focused()
    press("End")
    expect(page.get_by_role("tab", name="Revisão")).to_be_focused()
    press("Enter")
    panel = page.get_by_role("tabpanel", name="Revisão")
    expect(panel.get_by_role("button", name="Pedir revisão")).to_be_visible()
    panel.get_by_role("button", name="Pedir revisão").focus()
    press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(":focus")).to_have_count(1)
    for _ in range(12):
        press("Tab")
        expect(dialog.locator(":focus")).to_have_count(1)
    press("Escape")
    expect(dialog).to_have_count(0)
    expect(panel.get_by_role("button", name="Pedir revisão")).to_be_focused()


@pytest.mark.parametrize(
    "viewport",
    [
        pytest.param(PHONE, id="phone"),
        pytest.param(TABLET, id="tablet", marks=pytest.mark.long),
        pytest.param(DESK, id="desk", marks=pytest.mark.long),
    ],
)
def test_axe_finds_nothing_and_a_phone_is_wide_enough(seen, url, settings, person, viewport, *, axe):
    page = seen.page
    page.set_viewport_size(viewport)
    page.clock.set_fixed_time(IN_TIME)

    def check() -> None:
        check_axe(page, axe)
        check_fits(page)

    page.goto(f"{url}/app/#/modelo")
    page.get_by_text("Mostrar as 2 linhas").click()
    check()
    page.goto("about:blank")
    sign_in(page, url, "segredo")
    check()
    sign_in(page, url, token(settings, finalidade=None))
    page.get_by_label("Finalidade da consulta").fill("análise de crédito")
    check()
    sign_in(page, url, lasting_token(settings))
    search(page, "12")
    check()
    search(page, "Pessoa Número")
    expect(page.get_by_role("button", name="Próxima página")).to_be_visible()
    check()
    open_consumer(page, person)
    for name in TABS:
        panel = open_tab(page, name)
        if name == "Histórico":
            panel.get_by_text("Ver em tabela").click()
        check()
    if viewport == PHONE:
        open_tab(page, "Score")
        picture(page, "web-phone.png")
        open_tab(page, "Revisão")
    page.get_by_role("button", name="Pedir revisão").click()
    page.get_by_role("button", name="Enviar pedido").click()
    check()


def test_english_is_the_second_language_and_is_remembered(seen, url, settings, person):
    page = seen.page
    page.goto(f"{url}/app/")
    assert page.locator("html").get_attribute("lang") == "pt-BR"
    page.get_by_label("Idioma").select_option("en")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.reload()
    assert page.locator("html").get_attribute("lang") == "en"
    page.get_by_label("Access token").fill(token(settings))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("CPF or name").fill(person.cpf)
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=person.client["nome"]).click()
    panel = page.get_by_role("tabpanel", name="Score")
    expect(panel).to_contain_text("on a scale from 0 to 1,000")
    expect(panel.get_by_text("You have had the same source of income for long.")).to_be_visible()
    expect(panel.locator("[lang='pt-BR']").first).to_have_text(TEXTS["ATRASO"][0])
    for name in ("History", "Register and debts", "Income and assets", "Events", "Who looked", "Review"):
        page.get_by_role("tab", name=name, exact=True).click()
        expect(page.get_by_role("tabpanel", name=name).get_by_text("Loading…")).to_have_count(0)


def test_the_model_is_described_to_anybody(seen, url, settings, person):
    """Without a token and unrecorded; as a part of the page, the consumer's page is there again on the way back."""
    page = seen.page
    page.goto(f"{url}/app/")
    page.get_by_role("link", name="Como o score é calculado").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Como o score é calculado")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.get_by_text("Modelo cartao, versão m-1; olha 12 meses adiante.")).to_be_visible()
    expect(page.get_by_role("heading", level=2)).to_have_text(["As faixas", "O que é olhado", "O que nunca é olhado"])
    expect(page.get_by_role("cell")).to_have_text(["Baixo", "0 a 300", "de 57,4% a 94,8%"])
    expect(page.get_by_text("<b>estado civil</b>")).to_be_visible()
    page.get_by_text("Mostrar as 2 linhas").click()
    expect(page.get_by_text("outro | estado")).to_be_visible()
    assert len([item for item in seen.asked if item.endswith("/modelo")]) == 1
    page.get_by_role("button", name="Voltar").click()
    sign_in(page, url, token(settings))
    open_consumer(page, person)
    page.get_by_role("link", name="Como o score é calculado").click()
    expect(page.get_by_text("Base legal: ")).to_be_visible()
    page.get_by_role("button", name="Voltar").click()
    expect(page.get_by_role("tabpanel", name="Score")).to_contain_text("O score é")
    expect(page.get_by_text(person.client["nome"])).to_be_visible()


def test_the_first_load_is_small(seen, url):
    """JavaScript in gzip, as it travels; the styles and the page itself are counted too."""
    sizes: dict[str, int] = {}

    def note(response: Any) -> None:
        body = response.body()
        packed = response.headers.get("content-encoding") == "gzip"
        sizes[response.url] = int(response.headers["content-length"]) if packed else len(body)
        if response.url.endswith(".js"):
            assert packed
            assert abs(sizes[response.url] - len(gzip.compress(body))) < 2_000

    seen.page.on("requestfinished", lambda request: note(request.response()))
    seen.page.goto(f"{url}/app/")
    expect(seen.page.get_by_label("Token de acesso")).to_be_visible()
    scripts = sum(size for name, size in sizes.items() if name.endswith(".js"))
    assert 50_000 < scripts < FIRST_LOAD_BYTES
    assert sum(sizes.values()) < FIRST_LOAD_BYTES
    assert len(sizes) <= 5


def test_the_files_are_kept_by_their_content_under_a_strict_policy(url):
    with httpx.Client(base_url=url) as client:
        assert client.get("/").headers["location"] == "app/"
        assert client.get("/app").headers["location"] == "app/"
        page = client.get("/app/")
        policy = page.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert policy.startswith("default-src 'none'")
        assert "http" not in policy
        assert page.headers["cache-control"] == "no-cache"
        assert "<script>" not in page.text
        assert not re.search(r"\b(src|href)=\"(https?:|/)", page.text), "links are relative"
        assert client.get("/app/config.json").json() == {"api": "../"}
        assert client.get("/app/config.json").headers["cache-control"] == "no-cache"
        for file in re.findall(r"assets/[\w.-]+", page.text):
            answer = client.get(f"/app/{file}")
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["vary"] == "Accept-Encoding"
        for name in ("nada.js", "../app.py", "..%2f..%2fapp.py", "assets/", "%2e%2e/web/package.json"):
            assert client.get(f"/app/{name}").status_code == 404
        assert client.post("/app/").status_code == 405


def site_over(url: str, folder: Path) -> Starlette:
    """Return a site as CloudFront makes one of a bucket and the API: the page below one path, the API below another."""
    shutil.copytree(FOLDER, folder)
    (folder / "config.json").write_text('{ "api": "/api/" }')
    client = httpx.AsyncClient(base_url=url)

    async def pass_on(request: Request) -> Response:
        kept = {name: request.headers[name] for name in ("authorization", "content-type") if name in request.headers}
        answer = await client.request(
            request.method, f"/{request.path_params['rest']}", headers=kept, content=await request.body()
        )
        return Response(answer.content, answer.status_code, media_type=answer.headers["content-type"])

    return Starlette(
        routes=[
            Route("/api/{rest:path}", pass_on, methods=["GET", "POST"]),
            Mount("/paginas/credito", StaticFiles(directory=folder, html=True)),
        ]
    )


def test_the_files_alone_are_a_site_below_any_path(seen, url, settings, person, tmp_path):
    """As in a bucket: no server of ours before them, another base path, and the API where config.json says."""
    page = seen.page
    with running(site_over(url, tmp_path / "balde")) as site:
        page.goto(f"{site}/paginas/credito/")
        page.get_by_label("Token de acesso").fill(token(settings))
        page.get_by_role("button", name="Entrar").click()
        open_consumer(page, person)
        expect(page.get_by_role("tabpanel", name="Score")).to_contain_text("O score é")
        assert [item for item in seen.asked if item.endswith(f"/api/clientes/{person.id}/score")]


def test_the_bundle_s_files_are_a_site_as_the_template_makes_it(seen, url, settings, person, tmp_path):
    """What `make package` packs, beside the API under one host, with the header fields of deploy/aws/page.yaml."""
    page = seen.page
    bucket = unpack(Packager(tmp_path / "pacote").build_page(FOLDER), tmp_path / "balde")
    with running(cloud_front(bucket, url)) as site:
        told = httpx.get(site).headers
        assert told["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert {"strict-transport-security", "x-frame-options", "cross-origin-opener-policy"} <= set(told)
        page.goto(site)
        page.get_by_label("Token de acesso").fill(token(settings))
        page.get_by_role("button", name="Entrar").click()
        open_consumer(page, person)
        expect(page.get_by_role("tabpanel", name="Score")).to_contain_text("O score é")
        assert seen.refused() == []
        assert [item for item in seen.asked if item == f"{site}/clientes/{person.id}/score"]


def test_a_page_of_another_origin_reads_the_api_if_it_may(browser, settings, person, tmp_path):
    """As from a bucket with a host of its own: with the origin in the settings it works, without it nothing is read."""
    folder = tmp_path / "balde"
    shutil.copytree(FOLDER, folder)
    with running(Starlette(routes=[Mount("/", StaticFiles(directory=folder, html=True))])) as site:
        for origins in (None, f"https://outra.exemplo.com.br {site}"):
            allowing = settings.model_copy(update={"web_origins": origins, "audit_dir": tmp_path / str(bool(origins))})
            with running(create_app(allowing)) as api, browser.new_context(locale="pt-BR") as context:
                (folder / "config.json").write_text(json.dumps({"api": api}))
                page = context.new_page()
                page.goto(site)
                page.get_by_label("Token de acesso").fill(token(settings, finalidade=None))
                page.get_by_role("button", name="Entrar").click()
                page.get_by_label("Finalidade da consulta").fill("análise de crédito")
                page.get_by_role("button", name="Entrar").click()
                if origins is None:
                    search(page, person.cpf)
                    expect(page.get_by_role("alert")).to_contain_text("Não foi possível falar com a API.")
                else:
                    open_consumer(page, person)
                    expect(page.get_by_role("tabpanel", name="Score")).to_contain_text("O score é")


def test_a_demonstration_names_one_consumer_of_each_kind(url, settings, persons):
    """They are the first by id, so a population that is the same has the same."""
    found = find_examples(Caller(url, token(settings)))
    assert {score["faixa"] for score in found} == {"baixo", "regular", "bom", "muito_bom", None}
    assert len(found) == KINDS
    caller = Caller(url, token(settings))
    scores = [caller.get(f"/clientes/{one}/score") for one in sorted(person.id for person in persons)[:100]]
    for score in found:
        assert score["cliente_id"] == next(one["cliente_id"] for one in scores if one["faixa"] == score["faixa"])


def test_an_application_apart_has_no_page(settings):
    with running(create_app_a(settings)) as url:
        assert httpx.get(f"{url}/app/").status_code == 404


def test_nothing_outside_is_named_by_the_built_files():
    """Addresses in React's and Base UI's texts are of documents that an error points to, never fetched."""
    allowed = {"http://www.w3.org", "https://react.dev", "https://base-ui.com"}
    for file in FOLDER.rglob("*"):
        if file.is_file():
            named = set(re.findall(r"https?://[a-z0-9.-]+", file.read_text("utf-8")))
            assert named <= allowed, file
