"""Tokens, scopes, the titular and purposes over a real socket, by FastAPI's way in and by the direct one alike."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import SecretStr
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from typer.testing import CliRunner

from contracts.errors import SettingsError, UsageError
from contracts.settings import Settings
from flows.cli import app as command_line
from serve.access.guard import Guard, Reader
from serve.access.tokens import TokenVerifier
from serve.api.direct_route import add_direct_route
from serve.api.problems import install_problems
from serve.auditing.entry import AuditEntry, AuditLag
from tests.api_server import running
from tests.token_samples import (
    AUDIENCE,
    ISSUER,
    SECRET,
    claims,
    ec_key,
    encode,
    jwk,
    jwks,
    make_verifier,
    rsa_key,
    sign,
)

CPF, OTHER_CPF = "52998224725", "11144477735"
SCOPES = "score:ler clientes:ler eventos:ler"
NEW_DAY = timedelta(days=1)


class Trail:
    """An audit that keeps entries in a list."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []

    async def record(self, entry: AuditEntry) -> None:
        self.entries.append(entry)

    def lag(self) -> AuditLag:
        return AuditLag()

    async def open(self) -> None:
        return None

    async def close(self) -> None:
        return None


def make_app(guard: Guard, asked: list[str]) -> FastAPI:
    """Return routes of each shape that the API has; ``asked`` tells which reached their store."""
    app, router = FastAPI(), APIRouter()
    install_problems(app)

    def by_client(scope: str, path: str) -> None:
        async def read(cliente_id: str, reader: Annotated[Reader, Depends(guard.reader(scope))]) -> JSONResponse:
            asked.append(cliente_id)
            await reader.record([cliente_id])
            return JSONResponse({"id": cliente_id})

        router.add_api_route(path, read, methods=["GET"])

    by_client("clientes:ler", "/clientes/{cliente_id}")
    by_client("acessos:ler", "/clientes/{cliente_id}/acessos")

    async def listing(reader: Annotated[Reader, Depends(guard.reader("clientes:ler"))]) -> JSONResponse:
        asked.append("*")
        await reader.record(["1", "2"])
        return JSONResponse([])

    async def by_cpf(cpf: str, reader: Annotated[Reader, Depends(guard.reader("eventos:ler"))]) -> JSONResponse:
        asked.append(cpf)
        await reader.record([cpf])
        return JSONResponse({})

    async def direct(scope: Scope, receive: Receive, send: Send) -> None:
        reader = await guard.admit(scope, "score:ler")
        await reader.begin().settle()
        asked.append(scope["path_params"]["cliente_id"])
        await reader.record([scope["path_params"]["cliente_id"]])
        await JSONResponse({})(scope, receive, send)

    async def many(scope: Scope, receive: Receive, send: Send) -> None:
        reader = await guard.admit(scope, "score:ler")
        cpfs = await Request(scope, receive).json()
        for cpf in cpfs:
            reader.check_cpf(cpf)
        asked.extend(cpfs)
        await reader.record(cpfs)
        await JSONResponse({})(scope, receive, send)

    async def declared() -> None:
        return None

    router.add_api_route("/clientes", listing, methods=["GET"])
    router.add_api_route("/clientes/{cpf}/consultar", by_cpf, methods=["GET"])
    add_direct_route(router, "/clientes/{cliente_id}/score", direct, declared=declared, methods=["GET"])
    add_direct_route(router, "/scores/consultar", many, declared=declared, methods=["POST"])
    app.router.routes.extend(router.routes)
    return app


class Desk:
    """A served application, what it recorded and what it asked its stores."""

    def __init__(self, verifier: TokenVerifier) -> None:
        self.trail = Trail()
        self.asked: list[str] = []
        self.app = make_app(Guard(verifier, self.trail), self.asked)
        self.url = ""

    def get(self, path: str, *headers: tuple[bytes, bytes], **options: Any) -> httpx.Response:
        return httpx.request(options.pop("method", "GET"), self.url + path, headers=list(headers), **options)


@pytest.fixture(scope="module")
def served() -> Iterator[Desk]:
    verifier, _ = make_verifier(jwks(jwk(rsa_key(), "rsa-1"), jwk(ec_key(), "ec-1")), secret=SECRET.encode())
    desk = Desk(verifier)
    with running(desk.app) as desk.url:
        yield desk


@pytest.fixture
def desk(served: Desk) -> Desk:
    served.trail.entries.clear()
    served.asked.clear()
    return served


def bearer(**changes: Any) -> tuple[bytes, bytes]:
    return (b"authorization", f"Bearer {sign(rsa_key(), claims(**{'scope': SCOPES, **changes}), kid='rsa-1')}".encode())


GOOD = bearer()[1].removeprefix(b"Bearer ")
BOTH_WAYS = pytest.mark.parametrize("path", ["/clientes/c1", "/clientes/c1/score"])


@BOTH_WAYS
@pytest.mark.parametrize(
    "values",
    [
        [],
        [b""],
        [b"Bearer"],
        [b"Basic YTpi"],
        [b"Digest x"],
        [GOOD],
        [b"Bearer" + GOOD],
        [b"Bearer\t" + GOOD],
        [b"Token " + GOOD],
        [b"Bearer " + GOOD, b"Bearer " + GOOD],
        [b"Bearer " + GOOD, b"Basic YTpi"],
        [b"Bearer x", b"Bearer " + GOOD],
        [b"Bearer " + GOOD + b", Bearer " + GOOD],
        [b"Bearer \xe9\xff" + GOOD],
        [b"Bearer " + GOOD + b"\xc3\xa9"],
        [b"B\xe9arer " + GOOD],
        [b"Bearer x y"],
        [b"Bearer " + b"x" * 12_000],
    ],
)  # fmt: skip
def test_one_bearer_token_and_nothing_else_opens(desk, path, values):
    answer = desk.get(path, *((b"authorization", value) for value in values))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer realm="escore"')
    assert answer.headers["content-type"] == "application/problem+json"
    assert GOOD.decode() not in answer.text
    assert not desk.asked
    assert not desk.trail.entries


@BOTH_WAYS
@pytest.mark.parametrize("scheme", [b"Bearer ", b"bearer ", b"BEARER  "])
def test_the_scheme_is_written_in_any_case(desk, path, scheme):
    assert desk.get(path, (b"Authorization", scheme + GOOD)).status_code == 200


@BOTH_WAYS
def test_a_token_elsewhere_than_in_its_header_is_none(desk, path):
    assert desk.get(f"{path}?access_token={GOOD.decode()}").status_code == 401
    assert desk.get(path, (b"cookie", b"access_token=" + GOOD)).status_code == 401
    assert desk.get(path, (b"proxy-authorization", b"Bearer " + GOOD)).status_code == 401


@BOTH_WAYS
def test_a_scope_that_is_missing_is_named(desk, path):
    answer = desk.get(path, bearer(scope="eventos:ler"))
    assert answer.status_code == 403
    needed = "score:ler" if path.endswith("score") else "clientes:ler"
    assert f'error="insufficient_scope", scope="{needed}"' in answer.headers["www-authenticate"]
    assert not desk.asked


@BOTH_WAYS
@pytest.mark.parametrize(
    ("purposes", "recorded"),
    [
        ([], None),
        ([b""], None),
        ([b"x", b"x"], None),
        ([b"x", b"y"], None),
        ([b"x, y"], None),
        ([b"cpf " + CPF.encode()], None),
        ([b"a" * 81], None),
        ([b"\xb2"], None),
        ([b"\xc2\xb2"], None),
        ([b"titular"], None),
        ([b"TITULAR"], None),
        ([b"cobranca"], "cobranca"),
        ([b"concess\xe3o de cr\xe9dito"], "concessão de crédito"),
        (["concessão de crédito".encode()], "concessão de crédito"),
    ],
)
def test_a_purpose_in_words_is_needed_once(desk, path, purposes, recorded):
    answer = desk.get(path, bearer(finalidade=...), *((b"x-finalidade", value) for value in purposes))
    assert answer.status_code == (400 if recorded is None else 200)
    assert [entry.finalidade for entry in desk.trail.entries] == ([] if recorded is None else [recorded])
    assert len(desk.asked) == len(desk.trail.entries)


@BOTH_WAYS
def test_the_tokens_purpose_goes_before_the_headers(desk, path):
    for header in (b"cobranca", CPF.encode(), b"\xff"):
        assert desk.get(path, bearer(), (b"x-finalidade", header)).status_code == 200
    assert {entry.finalidade for entry in desk.trail.entries} == {"concessao_de_credito"}


@BOTH_WAYS
def test_what_is_wrong_is_told_in_one_order(desk, path):
    """401, 403 scope, 403 titular, 400 purpose: a caller learns of the next only once the one before is right."""
    wrong = {"scope": "eventos:ler", "finalidade": ..., "titular": "c2"}
    assert desk.get(path, bearer(**wrong, exp=1), (b"x-finalidade", b"1")).status_code == 401
    refused = desk.get(path, bearer(**wrong), (b"x-finalidade", b"1"))
    assert (refused.status_code, "escopo" in refused.json()["detail"]) == (403, True)
    refused = desk.get(path, bearer(titular="c2", finalidade=...), (b"x-finalidade", b"1"))
    assert (refused.status_code, "titular" in refused.json()["detail"]) == (403, True)
    assert desk.get(path, bearer(finalidade=...), (b"x-finalidade", b"1")).status_code == 400
    assert not desk.asked


def as_titular(cpf: object = CPF) -> tuple[bytes, bytes]:
    return bearer(sub=CPF, titular="c1", titular_cpf=cpf, finalidade=..., scope=f"{SCOPES} acessos:ler")


def test_a_titular_reads_the_titular(desk):
    for path in ("/clientes/c1", "/clientes/c1/score", "/clientes/c1/acessos", f"/clientes/{CPF}/consultar"):
        assert desk.get(path, as_titular()).status_code == 200, path
    dotted = "/clientes/529.982.247-25/consultar"
    assert desk.get(dotted, as_titular(), (b"x-finalidade", b"cobranca")).status_code == 200
    assert desk.get("/scores/consultar", as_titular(), method="POST", json=[CPF, CPF]).status_code == 200
    assert {(one.consulente, one.finalidade, one.titular) for one in desk.trail.entries} == {
        ("titular", "titular", True)
    }


def test_a_titular_reads_nobody_else_whoever_exists(desk):
    paths = [
        ("GET", "/clientes", None),
        ("GET", f"/clientes?cpf={CPF}", None),
        ("GET", "/clientes/c2", None),
        ("GET", "/clientes/C1", None),
        ("GET", "/clientes/nobody", None),
        ("GET", "/clientes/c2/score", None),
        ("GET", f"/clientes/{CPF}/score", None),
        ("GET", "/clientes/c2/acessos", None),
        ("GET", f"/clientes/{OTHER_CPF}/consultar", None),
        ("GET", "/clientes/c1/consultar", None),
        ("GET", "/clientes/12345678901/consultar", None),
        ("POST", "/scores/consultar", [OTHER_CPF]),
        ("POST", "/scores/consultar", [CPF, OTHER_CPF]),
        ("POST", "/scores/consultar", []),
    ]
    answers = [desk.get(path, as_titular(), method=method, json=body) for method, path, body in paths]
    assert {answer.status_code for answer in answers} == {403}
    assert {answer.json()["detail"] for answer in answers} == {"o token do titular só lê os dados do próprio titular"}
    assert desk.trail.entries == []
    assert desk.asked == []


def test_a_titular_whose_cpf_the_token_does_not_tell_reads_by_id_alone(desk):
    assert desk.get("/clientes/c1", as_titular(...)).status_code == 200
    assert desk.get(f"/clientes/{CPF}/consultar", as_titular(...)).status_code == 403
    assert desk.get("/scores/consultar", as_titular(...), method="POST", json=[CPF]).status_code == 403


def test_a_consulente_is_recorded_by_its_name(desk):
    assert desk.get("/clientes/c1", bearer()).status_code == 200
    [entry] = desk.trail.entries
    assert (entry.consulente, entry.recurso, entry.resultado, entry.titular) == (
        "banco-do-sul",
        "/clientes/{cliente_id}",
        200,
        False,
    )


def test_the_document_tells_the_scopes_and_the_scheme(desk):
    document = httpx.get(f"{desk.url}/openapi.json").json()
    assert document["components"]["securitySchemes"]["HTTPBearer"]["bearerFormat"] == "JWT"
    assert document["paths"]["/clientes"]["get"]["security"] == [{"HTTPBearer": ["clientes:ler"]}]
    assert document["paths"]["/clientes/{cliente_id}/acessos"]["get"]["security"] == [{"HTTPBearer": ["acessos:ler"]}]


# ---------------------------------------------------------------------------------------------------------------
# the issuer's keys over a network


class IssuerServer(ThreadingHTTPServer):
    """Answers with ``status``, ``headers`` and ``body``; slowly if ``pause`` says so, one byte at a time."""

    daemon_threads = True
    status, headers, body, pause, asked = 200, {}, b"", 0.0, 0


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server: Any = self.server
        server.asked += 1
        self.send_response(200 if self.path == "/outra.json" else server.status)
        for name, value in {"Content-Length": str(len(server.body)), **server.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        parts = [bytes([byte]) for byte in server.body] if server.pause else [server.body]
        for part in parts:
            try:
                self.wfile.write(part)
            except OSError:
                return
            time.sleep(server.pause)

    def log_message(self, *_: Any) -> None:
        return None


@contextmanager
def issuing(tls: ssl.SSLContext | None = None) -> Iterator[IssuerServer]:
    server = IssuerServer(("127.0.0.1", 0), _Answer)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        server.body = jwks(jwk(rsa_key(), "rsa-1"))
        yield server
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


def settings_of(**changes: Any) -> Settings:
    return Settings(**{"env": "producao", "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE, **changes})


@contextmanager
def opened(settings: Settings) -> Iterator[Desk]:
    desk = Desk(TokenVerifier.from_settings(settings))
    with running(desk.app) as desk.url:
        yield desk


def test_production_by_the_issuers_url():
    with issuing() as issuer:
        address = f"http://127.0.0.1:{issuer.server_address[1]}/jwks.json"
        with opened(settings_of(jwks=address, jwt_secret=SecretStr(SECRET))) as desk:
            for _ in range(3):
                assert desk.get("/clientes/c1", bearer()).status_code == 200
            by_secret = (b"authorization", b"Bearer " + sign(SECRET.encode()).encode())
            assert desk.get("/clientes/c1", by_secret).status_code == 401
        assert issuer.asked == 1
        with opened(settings_of(env="desenvolvimento", jwks=address, jwt_secret=SecretStr(SECRET))) as desk:
            assert desk.get("/clientes/c1", by_secret).status_code == 200
            assert desk.get("/clientes/c1", bearer()).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": 500},
        {"status": 204, "body": b""},
        {"status": 302, "headers": {"Location": "/outra.json"}},
        {"headers": {"Content-Encoding": "gzip"}},
        {"body": jwks(jwk(rsa_key(), "rsa-1")) + b" " * 300_000},
        {"body": b"<html>"},
        {"headers": {"Content-Length": "100000"}},
        {"pause": 0.05},
    ],
    ids=["500", "empty", "redirect", "gzip", "huge", "html", "cut", "drip"],
)
def test_an_issuer_that_answers_wrongly_is_a_503_in_bounded_time(wrong):
    with issuing() as issuer:
        for name, value in wrong.items():
            setattr(issuer, name, value)
        address = f"http://localhost:{issuer.server_address[1]}/jwks.json"
        with opened(settings_of(jwks=address)) as desk:
            started = time.monotonic()
            answer = desk.get("/clientes/c1", bearer(), timeout=20)
            assert time.monotonic() - started < 2.9
            assert answer.status_code == 503
            assert 1 <= int(answer.headers["retry-after"]) <= 10
            assert answer.headers["content-type"] == "application/problem+json"
            assert desk.get("/clientes/c1").status_code == 401
        issuer.pause = 0.0


def test_an_issuer_that_is_not_there_is_a_503():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}/jwks.json"
        with opened(settings_of(jwks=address)) as desk:
            assert desk.get("/clientes/c1", bearer()).status_code == 503


def make_certificate(folder: Path) -> Path:
    """Write a certificate of 127.0.0.1 that nobody vouches for, with its key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "emissor de teste")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(ec_key(9).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - NEW_DAY)
        .not_valid_after(now + NEW_DAY)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(ec_key(9), hashes.SHA256())
    )
    path = folder / "emissor.pem"
    key = ec_key(9).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.public_bytes(Encoding.PEM) + key)
    return path


def test_https_is_only_as_good_as_its_certificate(tmp_path, monkeypatch):
    certificate = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with issuing(context) as issuer:
        address = f"https://127.0.0.1:{issuer.server_address[1]}/jwks.json"
        with opened(settings_of(jwks=address)) as desk:
            assert desk.get("/clientes/c1", bearer()).status_code == 503
        assert issuer.asked == 0
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with opened(settings_of(jwks=address)) as desk:
            assert desk.get("/clientes/c1", bearer()).status_code == 200


def test_production_needs_public_keys_and_says_all_that_is_wrong():
    def problems(**changes: Any) -> str:
        with pytest.raises(SettingsError) as raised:
            TokenVerifier.from_settings(settings_of(**changes))
        return str(raised.value)

    assert "SCORE_JWKS" in problems()
    both = problems(jwt_secret=SecretStr(SECRET))
    assert "SCORE_JWKS" in both
    assert "SCORE_JWT_SECRET: HS256" in both
    neither = problems(env="desenvolvimento")
    assert "SCORE_JWKS" in neither
    assert "SCORE_JWT_SECRET" in neither
    assert "SCORE_JWKS: https" in problems(jwks="http://emissor.exemplo/jwks")
    assert "SCORE_JWKS: the file" in problems(jwks="nao-existe.json")
    assert SECRET not in both


# ---------------------------------------------------------------------------------------------------------------
# the command line


def command(*words: str, **variables: str) -> str:
    """Return what a command prints; what it raises is raised."""
    environment = {f"SCORE_{name.upper()}": text for name, text in variables.items()}
    result = CliRunner().invoke(command_line, list(words), env=environment, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(params=[rsa_key, ec_key], ids=["RSA", "EC"])
def key_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    make: Callable[[int], Any] = request.param
    path = tmp_path / "chave.pem"
    path.write_bytes(make(3).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def test_production_can_be_tried_with_a_key_of_ones_own(key_file, tmp_path):
    published = tmp_path / "jwks.json"
    published.write_text(command("jwks", "--private-key", str(key_file)))
    named = {"env": "producao", "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE}
    signed = ["token", "--private-key", str(key_file), "--subject", "banco-do-sul"]
    with opened(settings_of(jwks=str(published))) as desk:
        token = command(*signed, "--purpose", "cobranca", **named).strip()
        assert desk.get("/clientes/c2", (b"authorization", f"Bearer {token}".encode())).status_code == 200
        token = command(*signed, "--titular", "c1", "--titular-cpf", "529.982.247-25", **named).strip()
        own = (b"authorization", f"Bearer {token}".encode())
        assert desk.get("/clientes/c1", own).status_code == 200
        assert desk.get("/clientes/c2", own).status_code == 403
        assert desk.get(f"/clientes/{CPF}/consultar", own).status_code == 200
        token = command(*signed, **{**named, "jwt_issuer": "outro"}).strip()
        assert desk.get("/clientes/c1", (b"authorization", f"Bearer {token}".encode())).status_code == 401
    assert [entry.finalidade for entry in desk.trail.entries] == ["cobranca", "titular", "titular"]


def test_a_key_is_named_by_its_thumbprint_or_as_one_likes(key_file):
    document = json.loads(command("jwks", "--private-key", str(key_file), "--kid", "k-1"))
    [key] = document["keys"]
    assert (key["kid"], key["use"]) == ("k-1", "sig")
    assert not {"d", "p", "q"} & key.keys()
    [thumb] = json.loads(command("jwks", "--private-key", str(key_file)))["keys"]
    assert len(thumb["kid"]) == len(encode(bytes(32)))


def test_the_thumbprint_is_the_standards():
    """The example of RFC 7638 §3.1."""
    from serve.access.minting import _thumbprint  # noqa: PLC0415

    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMst"
        "n64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbIS"
        "D08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    assert _thumbprint({"kty": "RSA", "n": modulus, "e": "AQAB"}) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["token", "--private-key", "nao-existe.pem"], "cannot be read"),
        (["token", "--private-key", "."], "cannot be read"),
        (["token", "--private-key", "nada.pem"], "not an unencrypted private key"),
        (["token", "--private-key", "curta.pem"], "2048"),
        (["token", "--kid", "x"], "--private-key"),
        (["token", "--titular-cpf", CPF], "--titular"),
        (["token", "--titular", "c1", "--titular-cpf", "123"], "not the eleven digits"),
        (["token", "--titular", "c 1"], "not the id"),
        (["token", "--subject", CPF], "no CPF"),
        (["token", "--subject", "titular"], "titular"),
        (["token", "--scope", "tudo"], "no such scope"),
        (["token", "--purpose", "cpf 1"], "finalidade"),
        (["jwks", "--private-key", "nada.pem"], "not an unencrypted private key"),
    ],
)
def test_what_would_not_be_accepted_is_not_minted(tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(tmp_path)
    Path("nada.pem").write_text("-----BEGIN NADA-----")
    short = rsa_key(2, 1024).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    Path("curta.pem").write_bytes(short)
    with pytest.raises(UsageError, match=told) as raised:
        command(*words, jwt_secret=SECRET)
    assert CPF not in str(raised.value)


def test_without_a_private_key_nothing_is_minted_in_production():
    with pytest.raises(UsageError, match="producao"):
        command("token", env="producao", jwt_secret=SECRET)
