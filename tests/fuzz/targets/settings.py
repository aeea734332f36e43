"""Settings: the environment, ``.env``, the embedded stores' state file, and every kind of URL."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl

from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from contracts.errors import SettingsError
from contracts.settings import PREFIX, Settings, embedded_state_path, load_settings
from contracts.transport import check_transport
from serve.access.jwks_url import UrlFetch
from serve.sources.redis_pipe import RedisPipe
from stores.addresses import describe_url
from stores.connections import redis_client, sql_engine
from stores.embedded.state import read_state
from tests.fuzz.target import SECRET, Target, check_line, check_withheld, holds_withheld, make_folder, text_of

_URLS = {
    "base_a_url": (
        f"oracle+oracledb://leitor:{SECRET}@ora.exemplo:1521/?service_name=BASEA",
        f"sqlite:////tmp/{SECRET}.db",
        f"postgresql+psycopg2://leitor:{SECRET}@/base?host=/var/run",
    ),
    "base_b_url": (
        f"postgresql+psycopg2://leitor:{SECRET}@banco.exemplo:5432/baseb?sslmode=require",
        f"postgresql://leitor:{SECRET}@[::1]:5432/baseb",
    ),
    "base_c_url": (
        f"mongodb://leitor:{SECRET}@um.exemplo:27017,dois.exemplo/basec?replicaSet=rs0",
        "mongodb://um.exemplo/basec",
    ),
    "results_admin_url": (f"postgresql+psycopg2://dono:{SECRET}@banco.exemplo/score?application_name=x",),
    "redis_url": (f"rediss://:{SECRET}@cache.exemplo:6380/0?ssl_cert_reqs=none", f"redis://u:{SECRET}@h", "redis:///1"),
    "lake": ("s3://balde/prefixo?region=sa-east-1", f"s3://{SECRET}@balde", "var/lake", "file:///tmp/lake"),
    "prefect_api_url": ("http://127.0.0.1:4200/api",),
    "otlp_endpoint": ("https://coletor.exemplo:4318/v1/traces",),
    "dask": ("tcp://agenda.exemplo:8786", "local", f"tls://x:{SECRET}@h:1"),
    "cache_keys_earlier": (f"{SECRET * 2} {SECRET * 3}", json.dumps([SECRET * 2, f"com espaço {SECRET * 2}"])),
    "jwks": ("https://emissor.exemplo/jwks.json", f"https://u:{SECRET}@emissor.exemplo/jwks.json"),
}
_SECRET_FIELDS = tuple(name for name, field in Settings.model_fields.items() if "SecretStr" in repr(field.annotation))
_ENVIRONMENT = (
    f"SCORE_ENV=producao\nSCORE_CACHE_KEY={SECRET * 2}\nSCORE_JWT_SECRET={SECRET}{SECRET}\nSCORE_WORKERS=2\n"
    f"SCORE_BASE_B_URL={_URLS['base_b_url'][0]}",
    f"SCORE_BASE_A_URL={_URLS['base_a_url'][0]}\nPREFECT_API_URL=http://127.0.0.1:4200/api\nSCORE_RANGE_SIZE=1000",
    f"SCORE_REDIS_URL={_URLS['redis_url'][0]}\nscore_base_c_url={_URLS['base_c_url'][0]}\nSCORE_AUDIT_FSYNC=sim",
    f"SCORE_LAKE={_URLS['lake'][1]}\nSCORE_CACHE_TIMEOUT_SECONDS=nan\nSCORE_MIN_DEBT_REAIS=1e400\nSCORE_VAR=/x",
)


@cache
def _folder() -> Path:
    """Return a folder of this process's own, which is also where its settings look for ``.env``."""
    return make_folder()


@contextmanager
def _environment(given: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        with chdir(_folder()):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _load(**overrides: object) -> None:
    """Load the settings; what is accepted shows no secret, and a secret that is refused is not told."""
    settings = load_settings({"var": _folder(), **overrides})
    shown = {name: value for name, value in settings if isinstance(value, SecretStr)}
    check_withheld(f"{shown!r} {shown}")
    for name in _SECRET_FIELDS:
        assert name not in shown or "*" in str(shown[name]) or not str(shown[name])


def _read_environment(data: bytes) -> None:
    pairs = (line.partition("=") for line in text_of(data).split("\n"))
    ours = {
        name: value
        for name, separator, value in pairs
        if separator and name.upper().startswith((PREFIX, "PREFECT_API")) and "\0" not in f"{name}{value}"
    }
    with _environment(ours):
        try:
            _load()
        except SettingsError as error:
            _check_problems(error, names=ours)


def _check_problems(error: SettingsError, *, names: Mapping[str, str]) -> None:
    """Assert that the problems tell at most the names of what was set."""
    for problem in error.problems:
        if any(problem.startswith(name) for name in names if name[len(PREFIX) :].lower() not in Settings.model_fields):
            continue  # the name itself is no setting's
        check_line(problem)


def _read_dotenv(data: bytes) -> None:
    path = _folder() / ".env"
    path.write_bytes(data)
    try:
        with _environment({}):
            _load()
    except SettingsError as error:
        for problem in error.problems:
            if "no such setting" not in problem:
                check_line(problem)
    finally:
        path.unlink()


def _read_state_file(data: bytes) -> None:
    path = embedded_state_path(_folder())
    path.write_bytes(data)
    try:
        with _environment({}):
            _load()
            read_state(_folder())
    finally:
        path.unlink()


def _read_url(data: bytes) -> None:
    name, _, url = text_of(data).partition("\n")
    if name not in _URLS:
        return
    if name == "jwks":
        _fetcher(url)
        return
    try:
        Settings(_env_file=None, var=_folder(), **{name: url})
    except ValidationError as error:
        for item in error.errors(include_url=False, include_input=False, include_context=False):
            check_line(item["msg"])
        return
    if not _tells_place(url):
        _use_url(name, url)


def _fetcher(url: str) -> None:
    try:
        UrlFetch(url)
    except ValueError as error:
        check_line(str(error))


def _use_url(name: str, url: str) -> None:
    """Make of an accepted URL what the engine makes of it, short of a connection."""
    if name.endswith("_url") and name != "prefect_api_url":
        check_withheld(describe_url(url))
        _check_transport(url)
    if name == "redis_url":
        redis_client(url, timeout=1)
        RedisPipe(url, timeout=1)
    elif name in ("base_a_url", "base_b_url", "results_admin_url"):
        engine = sql_engine(url, timeout=1)
        check_withheld(repr(engine))


def _tells_place(url: str) -> bool:
    """Return whether a planted secret stands where none is: errors and logs say who logs in where, and how."""
    scheme, _, rest = url.partition("://")
    login, _, place = ("", "", rest) if scheme.startswith("sqlite") else rest.rpartition("@")
    path, _, query = place.partition("?")
    options = [text for option in parse_qsl(query) if not option[0].endswith("password") for text in option]
    return holds_withheld(" ".join([scheme, login.partition(":")[0], path, *options]))


def _check_transport(url: str) -> None:
    try:
        check_transport(url)
    except ValueError as error:
        check_line(str(error))


def _state() -> bytes:
    process = {"pid": 4711, "started": 1.5, "command": "postgres"}
    servers = {"postgresql": {"process": process, "port": 5432, "secrets": {"dono": SECRET}, "is_ready": True}}
    settings = {"base_a_url": _URLS["base_a_url"][1], "redis_url": _URLS["redis_url"][0], "cache_key": SECRET * 2}
    return json.dumps({"settings": settings, "servers": servers}).encode()


@st.composite
def _urls(draw: st.DrawFn) -> bytes:
    """URLs put together from parts, the secret raw or quoted, with what parsers trip over between them."""
    name = draw(st.sampled_from(sorted(_URLS)))
    scheme = draw(st.sampled_from(["postgresql", "postgresql+psycopg2", "mongodb", "redis", "rediss", "s3", "https"]))
    password = draw(st.sampled_from([SECRET, f"@{SECRET}", f"{SECRET}/", f"a:{SECRET}", f"%4{SECRET}", f"{SECRET}]"]))
    host = draw(st.sampled_from(["h", "[::1]", "[::1", "h:99999", "h:x", "", "a,b", "é", "h:1:2", f"{SECRET}", "%00"]))
    tail = draw(st.sampled_from(["", "/", "/b", "?a=b", "/b?c=d#e", "//", f"/b?password={SECRET}", "/b\n", "/%zz"]))
    return f"{name}\n{scheme}://u:{password}@{host}{tail}".encode()


_CHECKS = ("contracts.urls:dask_of", "contracts.urls:_check_s3", "contracts.urls:_is_address")

TARGETS = (
    Target(
        "settings/environment",
        "variables of the environment",
        ("contracts.settings:load_settings", "contracts.urls:_check_s3", "contracts.urls:_is_address"),
        lambda: [text.encode() for text in _ENVIRONMENT],
        _read_environment,
        tokens=(b"SCORE_", b"\n", b"=", SECRET.encode(), b"SCORE_BASE_A_URL=", b"://", b"@", b"%40"),
    ),
    Target(
        "settings/dotenv",
        "the file .env",
        ("contracts.dotenv_lines:read_dotenv",),
        lambda: [f"# x\nexport {text}\nSCORE_JWT_ISSUER='a b'\n".encode() for text in _ENVIRONMENT],
        _read_dotenv,
        tokens=(b"SCORE_", b"\r", b"\n", b"'", b'"', b"export ", b"${SCORE_VAR}", b"\\", b"#", SECRET.encode()),
    ),
    Target(
        "settings/state",
        "the embedded stores' state file",
        ("contracts.settings:read_embedded_state",),
        lambda: [_state()],
        _read_state_file,
        regressions=(
            b"[" * 60_000,
            b"[]",
            b'{"settings":[]}',
        ),
    ),
    Target(
        "settings/urls",
        "URLs of stores, lake, Dask, collector and keys",
        (
            *_CHECKS,
            "contracts.secret_texts:listed_secrets",
            "contracts.transport:check_transport",
            "contracts.transport:_options",
            "stores.addresses:_split",
            "stores.connections:sql_engine",
            "stores.url_options:check_redis_options",
            "serve.sources.redis_pipe:RedisPipe.__init__",
        ),
        lambda: [f"{name}\n{url}".encode() for name, urls in _URLS.items() for url in urls],
        _read_url,
        tokens=(b"://", b"@", b":", b"/", b"?", b"#", b"%", b"[", b"]", b",", SECRET.encode(), b"+", b"\\"),
        grammar=_urls,
    ),
)
