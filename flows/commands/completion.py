"""What a shell completes values from: models in a local lake, runs in the results, fixed names.

A completion is asked for at every press of a key: it is quick, and whatever goes wrong gives no proposals and says
nothing, for its words would stand in the middle of the user's line. It tells nothing of a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.reference_date import REFERENCE_ZONE
from contracts.settings import load_settings

if TYPE_CHECKING:
    from stores.ledger import Run

Proposals = list[tuple[str, str]]
"""What may be written there, and what each is: shells that show a second column show that."""

WAIT_SECONDS = 1.5
RUNS = 20
STORES = ("base_a", "base_b", "base_c", "results")
IN_FORCE = ("vigente", "the model in force")
_MODEL = re.compile(r"\d{4}-\d\d-\d\d-[0-9a-f]{8}")


def complete_store(incomplete: str) -> Proposals:
    """Propose the stores that have tables or indexes of their own."""
    return _begun_so(incomplete, lambda: [(name, "store") for name in STORES])


def complete_scope(incomplete: str) -> Proposals:
    """Propose what a token may let in to."""
    return _begun_so(incomplete, _scopes)


def complete_date(incomplete: str) -> Proposals:
    """Propose yesterday, in São Paulo, and the reference dates of the latest runs."""
    return _begun_so(incomplete, _dates)


def complete_run(incomplete: str) -> Proposals:
    """Propose the latest runs."""
    return _begun_so(incomplete, lambda: [(str(run.id), _about(run)) for run in _latest_runs()])


def complete_model(incomplete: str) -> Proposals:
    """Propose the registered models."""
    return _begun_so(incomplete, _models)


def complete_model_or_current(incomplete: str) -> Proposals:
    """Propose the registered models, and the word for the one in force."""
    return _begun_so(incomplete, lambda: [IN_FORCE, *_models()])


def _begun_so(incomplete: str, propose: Callable[[], Proposals]) -> Proposals:
    try:
        return [proposal for proposal in propose() if proposal[0].startswith(incomplete)]
    except Exception:  # noqa: BLE001 - a shell waits for proposals: none are better than any words
        return []


def _models() -> Proposals:
    """Return the models of a lake in a folder, newest first; of one in a bucket none, which would take too long."""
    folder = Path(load_settings().lake_root) / "models"
    found = sorted((entry.name for entry in folder.iterdir() if _MODEL.fullmatch(entry.name)), reverse=True)
    return [(version, "model") for version in found]


def _dates() -> Proposals:
    yesterday = (datetime.now(REFERENCE_ZONE) - timedelta(days=1)).date().isoformat()
    try:
        run_dates = {run.data_referencia.isoformat(): _about(run) for run in reversed(_latest_runs())}
    except Exception:  # noqa: BLE001 - yesterday is known without the results
        run_dates = {}
    return [*({yesterday: "yesterday"} | run_dates).items()]


def _scopes() -> Proposals:
    from serve.access.callers import SCOPES

    return list(SCOPES.items())


def _latest_runs() -> tuple[Run, ...]:
    from stores.connections import sql_engine
    from stores.deadlines import call_within
    from stores.ledger import list_runs

    engine = sql_engine(load_settings().secret("results_url"), timeout=WAIT_SECONDS, statement_timeout=WAIT_SECONDS)
    return call_within(WAIT_SECONDS, lambda: list_runs(engine, limit=RUNS))


def _about(run: Run) -> str:
    return f"{run.situacao}, as of {run.data_referencia}, begun {run.iniciada_em:%Y-%m-%d %H:%M}"
