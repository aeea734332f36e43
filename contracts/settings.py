"""Every setting, read in this one place: environment, ``.env``, files of secrets, the embedded stores' state file.

An unset store URL means the embedded store that ``escore up`` started. All that is wrong is reported
together, by the variable's name, before any work starts. Secrets never show in ``repr`` or errors.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.dotenv_lines import damaged_lines, read_dotenv
from contracts.errors import UNREADABLE, SettingsError
from contracts.origins import origins_of
from contracts.regime import Regime
from contracts.secret_files import ENDING, read_secret_files
from contracts.secret_texts import Secret, Secrets, listed_secrets
from contracts.urls import ANY_BASE, dask_of, lake_of, text_url_of, url_of

PREFIX = "SCORE_"
DOTENV = ".env"
_PREFECTS_OWN = {"prefect_api_url": "PREFECT_API_URL"}
"""What Prefect names itself, and its users know by that name."""
EMBEDDED_STATE_NAME = "embutidos.json"
MAX_OVERLAP_DAYS = 30
"""Longest overlap of incremental runs: a snapshot counts its events for so many days back."""

SOURCE_SETTINGS = ("base_a_url", "base_b_url", "base_c_url")
"""What must be set to read the three stores."""
RANGE_SETTINGS = (*SOURCE_SETTINGS, "results_url", "cache_key")
"""What must be set wherever CPF ranges are read: the stores, and who was erased from them at their request."""
RESULTS_SETTINGS = ("results_url", "redis_url", "cache_key")
"""What must be set to work on what was published."""
RUN_SETTINGS = (*SOURCE_SETTINGS, *RESULTS_SETTINGS)
"""What must be set for a nightly run."""
WRITE_SETTINGS = ("base_a_admin_url", "base_b_admin_url", "base_c_admin_url")
"""What must be set to fill the three stores."""


_BaseAUrl = Annotated[SecretStr, url_of(*ANY_BASE)]
_PostgresUrl = Annotated[SecretStr, url_of("postgresql")]
_MongoUrl = Annotated[SecretStr, url_of("mongodb")]
_RedisUrl = Annotated[SecretStr, url_of("redis", "rediss")]
_HttpUrl = Annotated[str, text_url_of("http", "https")]
_Origins = Annotated[str, AfterValidator(origins_of)]
_Lake = Annotated[str, AfterValidator(lake_of)]
_Dask = Annotated[str, AfterValidator(dask_of)]


class Settings(BaseSettings):
    """The engine's settings; field ``x`` is read from the variable ``SCORE_X``."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=DOTENV, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    env: Literal["desenvolvimento", "producao"] = Field(
        "desenvolvimento",
        description="Where this runs; `producao` refuses development tokens, and stores without checked TLS",
    )
    var: Path = Field(Path("var"), description="Folder of embedded stores, reports and, by default, the lake")
    regime: Regime = Field(
        Regime.BUREAU, description="The law that the API states: `gestor`, a bureau; `interno`, a lender's own score"
    )

    base_a_url: _BaseAUrl | None = Field(None, description="Base A; any SQLAlchemy URL, Oracle in production")
    base_b_url: _PostgresUrl | None = Field(None, description="Base B, PostgreSQL")
    base_c_url: _MongoUrl | None = Field(None, description="Base C, MongoDB; names its database")
    results_url: _PostgresUrl | None = Field(None, description="Results, runs and audit, PostgreSQL")
    redis_url: _RedisUrl | None = Field(None, description="Cache of published scores; `redis://` or `rediss://`")
    lake: _Lake | None = Field(None, description="Folder or `s3://bucket/prefix` of snapshots and models")

    base_a_admin_url: _BaseAUrl | None = Field(None, description="Owner of Base A's tables: migrations, loading")
    base_b_admin_url: _PostgresUrl | None = Field(None, description="Owner of Base B's tables")
    base_c_admin_url: _MongoUrl | None = Field(None, description="Writer of Base C's collections")
    results_admin_url: _PostgresUrl | None = Field(None, description="Owner of the results tables")
    results_api_url: _PostgresUrl | None = Field(
        None, description="The API's login on the results, if not `SCORE_RESULTS_URL`"
    )
    redis_api_url: _RedisUrl | None = Field(None, description="The API's login on the cache, if not `SCORE_REDIS_URL`")
    prefect_api_url: _HttpUrl | None = Field(None, description="Prefect server; PREFECT_API_URL comes first")

    cache_key: Secret | None = Field(None, description="Secret of the keyed hashes in cache keys and audit")
    cache_key_next: Secret | None = Field(
        None, description="The key that `SCORE_CACHE_KEY` will be, while keys are changed: read by it, not yet written"
    )
    cache_keys_earlier: Secrets | None = Field(
        None,
        description="Keys that `SCORE_CACHE_KEY` was and that persons are still named by: the newest first, apart by "
        "white space, or a list of texts in JSON",
    )
    jwks: str | None = Field(None, description="Public keys of the tokens' issuer: a JWKS file or its https URL")
    jwt_secret: Secret | None = Field(None, description="Secret of development tokens (HS256)")
    jwt_issuer: str = Field("escore", min_length=1, description="Claim `iss` that a token must have")
    jwt_audience: str = Field("escore-api", min_length=1, description="Claim `aud` that a token must have")
    jwt_leeway_seconds: float = Field(10.0, ge=0, le=120, description="Difference of clocks that a token is allowed")

    rate_limit_per_second: float = Field(100.0, gt=0, description="Requests a second that a consulente may make")
    rate_limit_burst: int = Field(200, ge=1, description="Requests that a consulente may make at once")
    daily_quota: int = Field(0, ge=0, description="Persons that a consulente may read a day; 0, no quota")
    cache_timeout_seconds: float = Field(0.25, gt=0, le=10, description="Longest wait of the API for Redis")
    api_timeout_seconds: float = Field(2.0, gt=0, le=30, description="Longest wait of the API for any other store")
    web_origins: _Origins | None = Field(
        None, description="Origins of pages elsewhere that may read the API, with blanks between them; none by default"
    )
    drain_seconds: float = Field(2.0, ge=0, le=300, description="Time from SIGTERM until the API takes no connection")
    audit_dir: Path | None = Field(None, description="Folder of the audit's journal; `auditoria` below `SCORE_VAR`")
    audit_mode: Literal["diario", "direto"] = Field(
        "diario", description="`diario`: on this disk at once, in PostgreSQL soon; `direto`: in PostgreSQL at once"
    )
    audit_fsync: bool = Field(False, description="Answer only when the disk holds the audit: survives power loss")
    audit_max_bytes: int = Field(
        1 << 30, ge=1 << 16, description="Bytes of journal that may wait for PostgreSQL before the API refuses reads"
    )
    log_format: Literal["json", "texto"] = Field("json", description="Form of the API's log lines")
    otlp_endpoint: _HttpUrl | None = Field(None, description="OpenTelemetry collector that gets the API's traces")

    reports_url: _HttpUrl | None = Field(
        None,
        description="Where the folder `SCORE_VAR` is served, if it is: links from Prefect to reports begin with it",
    )

    store_timeout_seconds: float = Field(5.0, gt=0, le=60, description="Limit to connect to a store")
    statement_timeout_seconds: float = Field(900.0, gt=0, description="Limit of one statement")
    io_retries: int = Field(3, ge=0, le=20, description="Tries again after a store did not answer")
    range_size: int = Field(10_000, ge=100, le=1_000_000, description="Consumers in one CPF range; bounds memory")
    workers: int = Field(2, ge=1, le=256, description="CPF ranges worked on at once")
    dask: _Dask | None = Field(
        None,
        description="Where a run's ranges go out to: `local`, or a Dask scheduler's `tcp://` or `tls://`; or threads",
    )
    dask_worker_mib: int = Field(
        2_048,
        ge=256,
        description="Memory of a worker of `SCORE_DASK=local`; beyond it, it is ended and its work redone",
    )
    overlap_days: int = Field(
        3,
        ge=0,
        le=MAX_OVERLAP_DAYS,
        description="Days before the last run's cutoff that an incremental run reads again",
    )
    horizon_months: int = Field(12, ge=1, le=36, description="Months after the reference date that a default counts")
    min_debt_reais: float = Field(100.0, gt=0, description="Smallest debt that makes a default, in R$")
    retention_runs: int = Field(30, ge=2, description="Published runs kept, besides the last of each month")
    score_validity_days: int = Field(7, ge=1, description="Days from a score's computation to `valido_ate`")
    max_reject_rate: float = Field(0.10, gt=0, le=1, description="Share of a table's records rejected that stops a run")
    training_clients: int = Field(300_000, ge=1_000, description="Consumers sampled to train on, at most")

    @property
    def lake_root(self) -> str:
        """Return where snapshots and models lie: ``SCORE_LAKE``, or ``lake`` below ``SCORE_VAR``."""
        return self.lake or str(self.var / "lake")

    @property
    def audit_root(self) -> Path:
        """Return where the audit's journal lies: ``SCORE_AUDIT_DIR``, or ``auditoria`` below ``SCORE_VAR``."""
        return self.audit_dir or self.var / "auditoria"

    @property
    def earlier_cache_keys(self) -> tuple[str, ...]:
        """Return the keys that ``SCORE_CACHE_KEY`` was, the newest first."""
        return () if self.cache_keys_earlier is None else listed_secrets(self.cache_keys_earlier)

    @property
    def min_debt_cents(self) -> int:
        """Return the smallest debt that can make a default, in cents."""
        return round(self.min_debt_reais * 100)

    def for_api(self) -> Self:
        """Return the settings that the API works with: its own logins, where it has them, in the engine's place."""
        own = {"results_url": self.results_api_url, "redis_url": self.redis_api_url}
        return self.model_copy(update={name: url for name, url in own.items() if url is not None})

    def require(self, *names: str) -> Self:
        """Return the settings if all the named ones are set; SettingsError lists every one that is not."""
        missing = [
            f"{_PREFECTS_OWN.get(name, PREFIX + name.upper())} is not set and no embedded store is running: "
            "set it, or run `escore up`"
            for name in names
            if getattr(self, name) is None
        ]
        if missing:
            raise SettingsError(missing)
        return self

    def secret(self, name: str) -> str:
        """Return a secret setting's text; SettingsError if it is not set."""
        self.require(name)
        value: SecretStr = getattr(self, name)
        return value.get_secret_value()


def load_settings(overrides: Mapping[str, Any] | None = None, *, folder: Path = Path()) -> Settings:
    """Return the settings in force; SettingsError lists all that are wrong. ``folder`` is where ``.env`` lies.

    Order, strongest first: ``overrides`` (tests, command-line options), environment, ``.env``, the embedded
    stores' state file, defaults. A secret ``SCORE_X`` may lie in the file that ``SCORE_X_FILE`` names.
    PREFECT_API_URL in the environment beats the embedded Prefect server's.
    """
    lines = read_dotenv(folder / DOTENV)
    names = {*os.environ, *(line.key for line in lines if line.key)}
    problems = [f"{name}: no such setting" for name in sorted(names) if _is_unknown(name)]
    if damage := damaged_lines(lines, DOTENV, PREFIX):
        raise SettingsError([*damage, *problems])
    variables = {line.key: line.value for line in lines if line.key and line.value is not None} | dict(os.environ)
    from_files, unread = read_secret_files(variables, PREFIX, secret_fields())
    problems += unread
    given = from_files | dict(overrides or {}) | {"_env_file": folder / DOTENV}
    try:
        settings = Settings(**given)
        if problems:
            raise SettingsError(problems)
        return _with_embedded(settings, given)
    except ValidationError as error:
        raise SettingsError(problems + [_describe(e) for e in error.errors()]) from None


def embedded_state_path(var: Path) -> Path:
    """Return the file in which the embedded stores leave their addresses and secrets (mode 0600)."""
    return var / EMBEDDED_STATE_NAME


def read_embedded_state(var: Path) -> dict[str, Any] | None:
    """Return the state file's document, None if there is none; SettingsError if it cannot be read or is not ours."""
    path = embedded_state_path(var)
    try:
        body = json.loads(path.read_bytes())
        if not _are_settings(body["settings"]):
            raise TypeError("not the names and values of settings")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SettingsError([f"{PREFIX}VAR: {path} cannot be read ({error.strerror})"]) from None
    except UNREADABLE:
        raise damaged_state(path) from None
    document: dict[str, Any] = body
    return document


def damaged_state(path: Path) -> SettingsError:
    """Return the error of a state file that is not what the embedded stores wrote."""
    advice = "restore it, or delete it and erase the embedded stores with `escore down --erase`"
    return SettingsError([f"{path}: not a state file of the embedded stores: {advice}"])


def _are_settings(values: Any) -> bool:
    return isinstance(values, dict) and all(
        name in Settings.model_fields and isinstance(value, str) for name, value in values.items()
    )


def _with_embedded(settings: Settings, given: dict[str, Any]) -> Settings:
    body = read_embedded_state(settings.var)
    state: dict[str, str] = body["settings"] if body else {}
    prefect_api_url = os.environ.get("PREFECT_API_URL")
    if prefect_api_url:
        state["prefect_api_url"] = prefect_api_url
    missing = {name: value for name, value in state.items() if getattr(settings, name) is None}
    for store in ("results", "redis"):
        if getattr(settings, f"{store}_url") is not None:  # the embedded API's login is on the embedded store
            missing.pop(f"{store}_api_url", None)
    for store in ("base_a", "base_b", "base_c", "results"):
        own_url = getattr(settings, f"{store}_url")
        if own_url is not None and getattr(settings, f"{store}_admin_url") is None:
            missing[f"{store}_admin_url"] = own_url.get_secret_value()
    return Settings(**{**given, **missing}) if missing else settings


def secret_fields() -> list[str]:
    """Return the settings that are secrets, in the order of their declaration."""
    return [name for name, field in Settings.model_fields.items() if SecretStr in _types_of(field.annotation)]


def _types_of(annotation: Any) -> tuple[Any, ...]:
    """Return the types of an optional, annotated field, as plain as they come."""
    return tuple(getattr(part, "__origin__", part) for part in get_args(annotation) or (annotation,))


def _is_unknown(name: str) -> bool:
    if not _is_ours(name):
        return False
    field = name[len(PREFIX) :].lower()
    return field not in Settings.model_fields and field.removesuffix(ENDING.lower()) not in secret_fields()


def _is_ours(name: str) -> bool:
    return name.upper().startswith(PREFIX)


def _describe(error: Any) -> str:
    name = PREFIX + "_".join(str(part) for part in error["loc"]).upper()
    own = error.get("ctx", {}).get("error")
    return f"{name}: {own or error['msg']}"
