"""Who gets in, what errors say, and what the log, the metrics and the health checks show."""

from __future__ import annotations

import base64
import json
import logging
import re
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urljoin

import httpx
import jwt
import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from pydantic import SecretStr

from contracts.errors import SettingsError
from contracts.settings import Settings
from serve.access.tokens import AUDIENCE, ISSUER
from serve.app import create_app, create_app_a, create_app_b, create_app_c
from serve.auditing.sidecar import ship_folder
from serve.published.person_hash import derive_key
from serve.systems.page_links import LIFETIME_SECONDS
from stores.connections import sql_engine
from tests.api_server import PURPOSE, caller, running, token
from tests.token_samples import claims as token_claims
from tests.token_samples import ec_key, jwk, jwks, sign

CPF = "52998224725"
PROTECTED = {
    "/clientes": "clientes:ler",
    "/clientes/x": "clientes:ler",
    "/clientes/x/score-data": "score-data:ler",
    "/clientes/x/score": "score:ler",
    "/clientes/x/score/historico": "historico:ler",
    f"/clientes/{CPF}/consultar": "eventos:ler",
    "/clientes/x/eventos": "eventos:ler",
}


@pytest.fixture(scope="module")
def settings(make_installation: Callable[[str], Settings]) -> Settings:
    return make_installation("acesso")


@pytest.fixture(scope="module")
def url(settings: Settings) -> Iterator[str]:
    with running(create_app(settings)) as url:
        yield url


@pytest.fixture(scope="module")
def client(url: str, settings: Settings) -> Iterator[httpx.Client]:
    with caller(url, settings) as client:
        yield client


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def claims(**changes: object) -> dict[str, object]:
    now = datetime.now(UTC)
    given = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "banco",
        "scope": " ".join(set(PROTECTED.values())),
        "iat": now,
        "nbf": now,
        "exp": now + timedelta(minutes=5),
        "finalidade": PURPOSE,
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}


def assert_problem(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert {"type", "title", "detail", "instance"} <= set(body)
    assert body["instance"] == f"urn:uuid:{answer.headers['x-request-id']}"


@pytest.mark.parametrize("path", PROTECTED)
def test_no_token_no_scope_no_purpose(url, settings, path):
    assert_problem(httpx.get(url + path), 401)
    others = [scope for scope in PROTECTED.values() if scope != PROTECTED[path]]
    with caller(url, settings, *others) as without_scope:
        refused = without_scope.get(path)
        assert_problem(refused, 403)
        assert PROTECTED[path] in refused.headers["www-authenticate"]
    with caller(url, settings, finalidade=None) as without_purpose:
        assert_problem(without_purpose.get(path), 400)
        assert without_purpose.get(path, headers={"X-Finalidade": "prova de vida"}).status_code in (200, 404)
        assert_problem(without_purpose.get(path, headers={"X-Finalidade": f"cpf {CPF}"}), 400)


def test_the_batch_asks_for_a_token_before_it_reads_the_body(url):
    assert_problem(httpx.post(f"{url}/scores/consultar", content=b"{"), 401)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": timedelta(minutes=-1)},
        {"nbf": timedelta(minutes=2)},
        {"aud": "outra"},
        {"iss": "outro"},
        {"sub": None},
        {"exp": None},
        {"scope": ["score:ler"]},
        {"finalidade": CPF},
    ],
)
def test_claims_are_checked(url, settings, changes):
    now = datetime.now(UTC)
    at_once = {name: now + value if isinstance(value, timedelta) else value for name, value in changes.items()}
    forged = jwt.encode(claims(**at_once), settings.secret("jwt_secret"), "HS256")
    assert_problem(httpx.get(f"{url}/clientes", headers={"Authorization": f"Bearer {forged}"}), 401)


def test_algorithm_is_pinned(url, settings):
    def part(value: object) -> str:
        return (
            base64.urlsafe_b64encode(json.dumps(value, default=lambda d: int(d.timestamp())).encode())
            .decode()
            .rstrip("=")
        )

    unsigned = f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims())}."
    other = jwt.encode(claims(), settings.secret("jwt_secret") * 2, "HS512")
    stranger = jwt.encode(claims(), "x" * 40, "HS256")
    for forged in (unsigned, other, stranger, "a.b.c", ".", "é"):
        headers = [(b"authorization", b"Bearer " + forged.encode())]
        assert_problem(httpx.get(f"{url}/clientes", headers=headers), 401)


def test_a_shared_secret_is_refused_in_production(settings):
    with pytest.raises(SettingsError, match="HS256"):
        create_app(settings.model_copy(update={"env": "producao"}))


def test_in_production_public_keys_open_and_the_shared_secret_does_not(settings, tmp_path):
    path = tmp_path / "jwks.json"
    path.write_bytes(jwks(jwk(ec_key(), "k")))
    own = settings.model_copy(update={"env": "producao", "jwks": str(path)})
    signed = sign(ec_key(), token_claims(iss=ISSUER, aud=AUDIENCE), kid="k")
    with running(create_app(own)) as url:
        for bearer, status in ((signed, 200), (token(settings), 401)):
            answer = httpx.get(f"{url}/clientes", headers={"Authorization": f"Bearer {bearer}"})
            assert answer.status_code == status


def test_a_titulars_token_opens_the_titulars_own_data_alone(url, settings):
    forged = claims(titular="c1", titular_cpf=CPF, finalidade=None)
    bearer = {"Authorization": f"Bearer {jwt.encode(forged, settings.secret('jwt_secret'), 'HS256')}"}
    with httpx.Client(base_url=url, headers=bearer) as client:
        own = [client.get(f"/clientes/c1{rest}") for rest in ("", "/score-data", "/score")]
        assert {answer.status_code for answer in own} == {404}
        assert client.get(f"/clientes/{CPF}/consultar").status_code == 200
        assert client.post("/scores/consultar", json={"cpfs": [CPF]}).status_code == 200
        others = [
            client.get(path) for path in ("/clientes", "/clientes/x", "/clientes/x/score-data", "/clientes/x/score")
        ]
        others.append(client.get("/clientes/11144477735/consultar"))
        others.append(client.post("/scores/consultar", json={"cpfs": [CPF, "11144477735"]}))
        for answer in others:
            assert_problem(answer, 403)
        assert len({answer.json()["detail"] for answer in others}) == 1


@pytest.mark.parametrize("first", [*PROTECTED, "/scores/consultar"])
def test_every_endpoint_is_limited(settings, first):
    """Whichever the one request that a consulente may make is spent on, all refuse the next."""
    slow = settings.model_copy(update={"rate_limit_per_second": 0.01, "rate_limit_burst": 1})
    subject = {"sub": f"banco-{secrets.token_hex(4)}"}
    bearer = {"Authorization": f"Bearer {jwt.encode(claims(**subject), settings.secret('jwt_secret'), 'HS256')}"}
    with running(create_app(slow)) as url, httpx.Client(base_url=url, headers=bearer) as client:
        for number, path in enumerate((first, *PROTECTED, "/scores/consultar")):
            answer = client.post(path, json={"cpfs": [CPF]}) if path == "/scores/consultar" else client.get(path)
            if number:
                assert_problem(answer, 429)
                assert 90 <= int(answer.headers["retry-after"]) <= 100
            else:
                assert answer.status_code in (200, 404)


def test_problems_never_repeat_what_was_sent(client):
    answers = [
        (client.get("/clientes", params={"documento": CPF}), 400),
        (client.get("/clientes", params={CPF: "1"}), 400),
        (client.get("/clientes?uf=SP&uf=RJ"), 400),
        (client.get("/clientes", params={"cpf": CPF + "9"}), 422),
        (client.get("/clientes", params={"page": f"{CPF}x"}), 422),
        (client.get("/clientes", params={"page": 0}), 422),
        (client.get("/clientes", params={"nome": f"{CPF}\0"}), 422),
        (client.get(f"/clientes/{CPF}/nada"), 404),
        (client.get(f"/clientes/{CPF}"), 404),
        (client.get(f"/clientes/{CPF} {CPF}/score"), 422),
        (client.delete(f"/clientes/{CPF}"), 405),
        (client.get("/clientes/x/score", params={"cpf": CPF}), 400),
        (client.get("/clientes/12345/consultar"), 422),
        (client.post("/scores/consultar", json={CPF: [CPF]}), 422),
    ]
    for answer, status in answers:
        assert_problem(answer, status)
        assert CPF not in answer.text
        assert "12345" not in answer.text


ARABIC = str.maketrans("0123456789", "".join(map(chr, range(0x660, 0x66A))))
FULL_WIDTH = str.maketrans("0123456789", "".join(map(chr, range(0xFF10, 0xFF1A))))
NOT_CPFS = (
    CPF.translate(ARABIC),
    CPF[:-1] + "5".translate(ARABIC),
    CPF.translate(FULL_WIDTH),
    f"{CPF}\n",
    f" {CPF}",
    CPF[:-1],
    "",
)


def audited(settings: Settings) -> int:
    """Return how many reads are on record, those that wait in the journal too."""
    ship_folder(settings)
    engine = sql_engine(settings.secret("results_url"), timeout=5)
    with engine.connect() as connection:
        rows = int(connection.scalar(sa.text("SELECT count(*) FROM auditoria")) or 0)
    engine.dispose()
    return rows


@pytest.mark.parametrize("text", NOT_CPFS)
def test_what_is_not_a_cpf_is_never_looked_up(client, settings, text):
    """Digits of other scripts and a newline at the end once passed as a CPF, and the search went on without it."""
    before = audited(settings)
    answers = [client.get("/clientes", params={"cpf": text}), client.post("/scores/consultar", json={"cpfs": [text]})]
    if text:
        answers.append(client.get(f"/clientes/{quote(text)}/consultar"))
    for answer in answers:
        assert_problem(answer, 422)
        assert [error["mensagem"] for error in answer.json()["erros"]] == ["não são os onze dígitos de um CPF"]
    assert audited(settings) == before


@pytest.mark.parametrize(
    "text",
    ["0", "-86400", "1e3", "1980-1-1", "19800101", "1980-02-30", "1980-01-01T00:00", "1980-01-01".translate(ARABIC)],
)
def test_a_birth_date_is_year_month_day(client, text):
    answer = client.get("/clientes", params={"data_nascimento": text})
    assert_problem(answer, 422)
    assert "AAAA-MM-DD" in answer.json()["erros"][0]["mensagem"]


@pytest.mark.parametrize("text", ["1.0", " 1", "1 ", "+1", "1_0", "1".translate(ARABIC), "9" * 5000, ""])
@pytest.mark.parametrize("name", ["page", "page_size"])
def test_a_page_number_is_an_integer(client, name, text):
    answer = client.get("/clientes", params={name: text})
    assert_problem(answer, 422)
    assert answer.json()["erros"] == [
        {"campo": f"query.{name}", "mensagem": "não é um número inteiro, só em algarismos"}
    ]


def test_a_cursor_that_is_none_of_ours_is_told_from_a_stale_one(client, settings):
    secret = settings.secret("cache_key").encode()
    fernet = Fernet(base64.urlsafe_b64encode(derive_key(secret, "escore-cursor")))
    stale = fernet.encrypt_at_time(b"{}", int(time.time()) - LIFETIME_SECONDS - 5).decode()
    stranger = Fernet(Fernet.generate_key()).encrypt(b"{}").decode()
    for token_text, word in ((stale, "venceu"), ("abc", "malformado"), ("é", "malformado"), (stranger, "malformado")):
        answer = client.get("/clientes", params={"cursor": token_text})
        assert_problem(answer, 400)
        assert word in answer.json()["detail"]


@pytest.mark.parametrize("path", [*PROTECTED, "/scores/consultar", "/modelo", "/saude/vivo", "/metrics", "/docs"])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "TRACE"])
def test_a_method_that_is_not_offered_is_told_which_are(client, method, path):
    answer = client.request(method, path)
    assert_problem(answer, 405)
    offered = {"POST"} if path == "/scores/consultar" else {"GET", "HEAD"}
    assert set(answer.headers["allow"].split(", ")) - {"DELETE"} == offered


def test_problems_speak_portuguese_alone(client):
    """No text of pydantic's own, which is English and may quote."""
    bodies = [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"cpfs": 1}',
        b'{"cpfs": []}',
        b'{"cpfs": [1]}',
        b'{"cpfs": ["1"], "x": 1}',
        b"\xff",
    ]
    answers = [client.post("/scores/consultar", content=body) for body in bodies]
    answers.append(client.post("/scores/consultar", json={"cpfs": [CPF] * 1001}))
    wrong = {"page": "0", "page_size": "101", "uf": "S1", "nome": "\0", "cidade": "x" * 201, "cpf": "1"}
    answers += [client.get("/clientes", params={name: text}) for name, text in wrong.items()]
    answers.append(client.get(f"/clientes/{'x' * 37}/score"))
    for answer in answers:
        assert_problem(answer, 422)
        for error in answer.json()["erros"]:
            assert error["mensagem"] in PORTUGUESE


PORTUGUESE = {
    "falta este campo",
    "este campo não é conhecido",
    "não é JSON válido",
    "não é um objeto com os campos documentados",
    "não é uma lista",
    "não é um texto",
    "não tem a forma esperada",
    "não são os onze dígitos de um CPF",
    "tem itens de menos: o menor número aceito é 1",
    "tem itens demais: o maior número aceito é 1000",
    "o menor valor aceito é 1",
    "o maior valor aceito é 100",
}


def test_neither_log_nor_metrics_hold_what_was_sent(client, caplog, capfd):
    with caplog.at_level(logging.DEBUG):
        client.get(f"/clientes/{CPF}/consultar")
        client.get("/clientes", params={"cpf": CPF, "nome": "Fulana"})
        client.post("/scores/consultar", json={"cpfs": [CPF]})
        client.get(f"/{CPF}")
        metrics = client.get("/metrics").text
    lines = capfd.readouterr().err.splitlines()
    assert any('"rota":"/clientes/{cpf}/consultar","status":200' in line for line in lines)
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert not [line for line in [*ours, *lines] if CPF in line or "Fulana" in line]
    assert 'rota="/clientes/{cpf}/consultar",status="200"' in metrics
    assert CPF not in metrics


def test_documents_need_no_token_and_nothing_from_outside(url):
    document = httpx.get(f"{url}/openapi.json").json()
    assert {"/clientes", "/clientes/{cliente_id}/score", "/scores/consultar"} <= set(document["paths"])
    page = httpx.get(f"{url}/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "http://" not in page.text
    assert "https://" not in page.text
    sources = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert sources
    for source in sources:
        assert httpx.get(urljoin(str(page.url), source)).status_code == 200
    assert not re.search(r"<script(?![^>]*\bsrc=)", page.text)
    assert "unsafe" not in page.headers["content-security-policy"]


def test_readiness_tells_which_store_is_down(url, settings):
    assert httpx.get(f"{url}/saude/vivo").json() == {"situacao": "vivo"}
    ready = httpx.get(f"{url}/saude/pronto", timeout=20)
    assert ready.json() == {
        "situacao": "pronto",
        "bancos": dict.fromkeys(["results", "base_a", "redis", "base_b", "base_c", "auditoria"], "ok"),
    }
    lame = settings.model_copy(
        update={
            "store_timeout_seconds": 2.0,
            "redis_url": SecretStr(f"redis://127.0.0.1:{closed_port()}/0"),
            "base_c_url": SecretStr(f"mongodb://127.0.0.1:{closed_port()}/x"),
        }
    )
    with running(create_app(lame)) as lame_url, caller(lame_url, settings) as client:
        ready = client.get("/saude/pronto")
        assert ready.status_code == 503
        assert [name for name, state in ready.json()["bancos"].items() if state == "fora"] == ["redis", "base_c"]
        unanswered = client.get(f"/clientes/{CPF}/consultar")
        assert_problem(unanswered, 503)
        assert int(unanswered.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("make", "mine", "others", "paths"),
    [
        (create_app_a, "base_a_url", ("base_b_url", "base_c_url", "redis_url"), [0, 1]),
        (create_app_b, "base_b_url", ("base_a_url", "base_c_url"), [2, 3, 4]),
        (create_app_c, "base_c_url", ("base_a_url", "base_b_url", "redis_url"), [5, 6]),
    ],
)
def test_each_system_starts_with_its_own_store_alone(settings, make, mine, others, paths):
    own = settings.model_copy(update=dict.fromkeys(others))
    with running(make(own)) as url:
        assert httpx.get(f"{url}/saude/pronto", timeout=20).json()["situacao"] == "pronto"
        bearer = {"Authorization": f"Bearer {token(settings)}"}
        details = [httpx.get(url + path, headers=bearer).json().get("detail") for path in PROTECTED]
    nothing_there = "não há nada neste endereço"
    assert [number for number, detail in enumerate(details) if detail != nothing_there] == paths
    with pytest.raises(SettingsError, match=f"SCORE_{mine.upper()}"):
        make(own.model_copy(update={mine: None}))
