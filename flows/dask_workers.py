"""What workers of a Dask scheduler must have in common with the run: code, libraries, stores, lake, one thread.

A worker of another version would publish other bytes, one of other stores other people's, one that does not know who
was erased would bring them back, and one with another lake would find no plan: all are told before the run begins.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from distributed import Client, Security

from contracts.errors import EscoreError, SettingsError, StoreUnavailableError
from contracts.settings import PREFIX, RANGE_SETTINGS, SOURCE_SETTINGS, Settings, load_settings
from flows.erased_persons import erased_persons
from flows.resources import open_lake
from serve.published.person_hash import PersonHash
from stores.addresses import identify_url

PACKAGES = ("contracts", "extract", "features", "models", "flows")
"""Our own code that tasks on ranges run."""
LIBRARIES = ("duckdb", "numpy", "pyarrow", "prefect", "distributed")
_DIGITS = 12
WORKER_WAIT_SECONDS = 60
"""Time that the first worker of a scheduler has to come up."""


def check_workers(address: str, settings: Settings) -> None:
    """Look at every worker that a scheduler has now; SettingsError lists all that is wrong with them."""
    _check_certificates(address)
    own = describe_installation()
    with _client(address, settings) as client:
        try:
            client.wait_for_workers(1, timeout=WORKER_WAIT_SECONDS)
        except TimeoutError:
            raise StoreUnavailableError(f"Dask: the scheduler at {address} has no worker") from None
        described: Mapping[str, Any] = client.run(describe_installation, on_error="return")
        workers: Mapping[str, Any] = client.scheduler_info(n_workers=-1)["workers"]
    problems = [
        f"{PREFIX}DASK: worker {name}: {problem}"
        for name, found in sorted(described.items())
        for problem in [*_differences(own, found), *_unbounded(workers.get(name, {}))]
    ]
    if problems:
        raise SettingsError(problems)


def describe_installation() -> dict[str, str]:
    """Return what must be the same in every process of a run; it holds no secret."""
    settings = load_settings()
    return {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "the engine's code": _code_digest(),
        **{name: version(name) for name in LIBRARIES},
        "the lake": _told(lambda: open_lake(settings).root),
        "the digest of the stores' addresses": _told(lambda: _stores_digest(settings)),
        "the digest of the erased persons": _told(lambda: _erased_digest(settings)),
    }


def _check_certificates(address: str) -> None:
    """Raise SettingsError if ``tls://`` is asked for and Dask's own settings name no certificates to speak it with."""
    if not address.startswith("tls://"):
        return
    try:
        found = Security().get_connection_args("client")["ssl_context"]
    except OSError:  # a file that is not there, or none of PEM (ssl.SSLError)
        found = None
    if found is None:
        names = ", ".join(f"DASK_DISTRIBUTED__COMM__TLS__{name}" for name in ("CA_FILE", "CLIENT__CERT", "CLIENT__KEY"))
        raise SettingsError([f"{PREFIX}DASK: tls:// needs certificates: {names} must name files in PEM"])


def _client(address: str, settings: Settings) -> Client:
    try:
        return Client(address, timeout=settings.store_timeout_seconds, set_as_default=False)
    except OSError:  # TimeoutError among them
        raise StoreUnavailableError(f"Dask: no scheduler answers at {address}") from None


def _code_digest() -> str:
    digest = hashlib.sha256()
    for package in PACKAGES:
        folder = Path(str(import_module(package).__file__)).parent
        for file in sorted(folder.rglob("*.py")):
            digest.update(f"{package}/{file.relative_to(folder)}\n".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:_DIGITS]


def _stores_digest(settings: Settings) -> str:
    return _short_digest(identify_url(settings.secret(name)) for name in SOURCE_SETTINGS)


def _erased_digest(settings: Settings) -> str:
    """Return a digest of the list of erased persons and of the key by which they are known."""
    names = PersonHash.from_settings(settings.require(*RANGE_SETTINGS))
    erased = erased_persons(settings)
    return _short_digest([names.subject_by_client(""), *sorted(erased.hashes if erased else ())])


def _short_digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:_DIGITS]


def _told(find: Callable[[], str]) -> str:
    """Return what is found, or which error keeps it from being known."""
    try:
        return find()
    except EscoreError as error:
        return f"not known ({type(error).__name__})"


def _differences(own: Mapping[str, str], found: Any) -> list[str]:
    if not isinstance(found, dict):
        return [f"cannot run the engine ({type(found).__name__}): install it there"]
    return [
        f"{name} is {found.get(name, 'not there')}, here {value}"
        for name, value in own.items()
        if found.get(name) != value
    ]


def _unbounded(worker: Mapping[str, Any]) -> list[str]:
    """Return what lets a worker's memory grow beyond one range's."""
    problems = []
    if worker.get("nthreads", 1) != 1:
        problems.append("start it with --nthreads 1: a thread is a range at work, and its memory")
    if not worker.get("memory_limit", 1):
        problems.append("start it with --memory-limit: nothing bounds its memory")
    return problems
