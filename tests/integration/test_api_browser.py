"""``/docs`` in a browser: it opens without any other host, takes a token, and reads a score that was published."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page

from contracts.settings import Settings
from serve.app import create_app
from tests.api_server import running, token
from tests.browser import WAIT_MILLISECONDS, WATCH_POLICY, launched
from tests.published_runs import publish
from tests.score_samples import make_run, make_scores

ROOT = Path(__file__).parents[2]
SCORES = make_scores(20)
PERSON = max(SCORES.to_pylist(), key=lambda row: (len(row["motivos"]), row["score"] or 0))
CLIENT_ID = PERSON["cliente_id"]
ASSETS = "DOCS_ASSETS"
"""Variable with the folder, relative to the repository, that the screenshot for the documentation goes to."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    settings = make_installation("navegador")
    publish(settings, make_run(1), SCORES)
    return settings


@pytest.fixture(scope="module")
def url(settings: Settings) -> Iterator[str]:
    with running(create_app(settings)) as url:
        yield url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="pt-BR", viewport={"width": 1100, "height": 1200})
    context.add_init_script(WATCH_POLICY)
    page = context.new_page()
    page.set_default_timeout(WAIT_MILLISECONDS)
    yield page
    context.close()


def authorize(page: Page, text: str) -> None:
    page.click("button.authorize")
    page.fill("input[aria-label='auth-bearer-value']", text)
    page.click(".auth-container:has(input[aria-label='auth-bearer-value']) button[type='submit']")
    page.click(".modal-ux .close-modal")


def read_score(page: Page, client_id: str) -> tuple[int, str]:
    """Run the score's operation as a reader of the page would; return the status and the body that it shows."""
    operation = page.locator("[id$='ler_score']")
    operation.locator(".opblock-summary-control").click()
    operation.locator("tr[data-param-name='cliente_id'] input").fill(client_id)
    operation.locator("button.execute").click()
    answer = operation.locator(".live-responses-table .response").first
    status = int(answer.locator(".response-col_status").inner_text().split()[0])
    return status, answer.locator("pre.microlight, .highlight-code pre").first.inner_text()


def take_picture(page: Page, path: Path) -> None:
    """Show the operation down to the score that was read, and not the token."""
    page.evaluate("window.scrollTo(0, 0)")
    operation = page.locator("[id$='ler_score']")
    top, end = operation.bounding_box(), operation.locator(".live-responses-table").bounding_box()
    assert top is not None
    assert end is not None
    clip = {"x": top["x"], "y": top["y"], "width": top["width"], "height": end["y"] + end["height"] - top["y"]}
    page.screenshot(path=path, full_page=True, clip=clip, mask=[operation.locator(".curl-command")], mask_color="#444")


def test_the_page_authorizes_and_reads_a_score(page, url, settings, tmp_path):
    asked: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    page.goto(f"{url}/docs")
    page.wait_for_selector(".opblock")
    assert page.title() == "escore: documentação da API"
    assert page.locator(".opblock").count() == sum(
        len(methods) for methods in httpx.get(f"{url}/openapi.json").json()["paths"].values()
    )
    authorize(page, token(settings, "score:ler"))
    status, body = read_score(page, CLIENT_ID)
    take_picture(page, tmp_path / "score.png")
    assert status == 200
    with httpx.Client(headers={"Authorization": f"Bearer {token(settings)}"}) as client:
        assert json.loads(body) == client.get(f"{url}/clientes/{CLIENT_ID}/score").json()
    assert json.loads(body)["score"] == PERSON["score"]
    assert {urlsplit(item).netloc for item in asked if not item.startswith("data:")} == {urlsplit(url).netloc}
    assert not faults
    assert page.evaluate("window.refused") == []
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    page.reload()
    page.wait_for_selector("button.authorize.unlocked")
    assert (tmp_path / "score.png").stat().st_size > 10_000
    if folder := os.environ.get(ASSETS):
        shutil.copy(tmp_path / "score.png", ROOT / folder / "api-docs.png")


def test_the_page_without_a_token_shows_the_problem(page, url):
    page.goto(f"{url}/docs")
    status, body = read_score(page, CLIENT_ID)
    assert status == 401
    assert json.loads(body)["detail"].startswith("falta o token")


def test_the_files_are_kept_by_their_content_and_travel_compressed(url):
    with httpx.Client(base_url=url) as client:
        answer = client.get("/docs")
        assert answer.headers["cache-control"] == "no-cache"
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        text = answer.text
        assert "http" not in text.replace('http-equiv="', "")
        assert "<script>" not in text
        names = [word.split('"')[1] for word in text.replace("src=", "href=").split("href=")[1:]]
        files = [name for name in names if name.startswith("docs/")]
        assert len(files) == 4
        for file in files:
            plain = client.get(f"/{file}", headers={"Accept-Encoding": "identity"})
            packed = client.get(f"/{file}", headers={"Accept-Encoding": "gzip"})
            assert "content-encoding" not in plain.headers
            assert packed.content == plain.content
            for one in (plain, packed):
                assert one.status_code == 200
                assert one.headers["cache-control"] == "public, max-age=31536000, immutable"
                assert one.headers["vary"] == "Accept-Encoding"
            if not file.endswith(".png"):
                assert packed.headers["content-encoding"] == "gzip"
                assert int(packed.headers["content-length"]) <= int(plain.headers["content-length"])
        for other in ("swagger-ui.css", "..%2fpagina.html", "pagina.html", files[0].replace("docs/", "").upper()):
            assert client.get(f"/docs/{other}").status_code == 404
