"""Where an installation is on its way from nothing to published scores, from what can be seen within a second.

Every store is asked for one small thing, all at once, each with a time limit; one that does not answer is named and
stops nothing. Drivers are imported only if a store is set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contracts.errors import EscoreError
from contracts.settings import PREFIX, RUN_SETTINGS, Settings, read_embedded_state

if TYPE_CHECKING:
    from stores.ledger import Run


LIMIT_SECONDS = 3.0
"""Within this, a store that is there has let in whom it lets in and answered."""


class Stage(Enum):
    """How far an installation has come; each is followed by the next."""

    NOTHING = auto()
    STOPPED = auto()
    INCOMPLETE = auto()
    DOWN = auto()
    UNPREPARED = auto()
    EMPTY = auto()
    NO_MODEL = auto()
    NO_RUN = auto()
    PUBLISHED = auto()


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What was seen: the stage, what is missing or does not answer, and what there is already."""

    stage: Stage
    var: Path
    lacking: tuple[str, ...] = ()
    model: str | None = None
    run: Run | None = None
    half_finished: Run | None = None
    is_generated: bool = False
    is_served: bool = False
    prefect_ui: str | None = None
    report: Path | None = None


def look_around(settings: Settings) -> Whereabouts:
    """Return where the installation of these settings is; never fails for what a store does or does not say."""
    unset = [name for name in RUN_SETTINGS if getattr(settings, name) is None]
    if len(unset) == len(RUN_SETTINGS):
        return Whereabouts(_without_stores(settings), settings.var)
    if unset:
        named = tuple(f"{PREFIX}{name.upper()} is not set" for name in unset)
        return Whereabouts(Stage.INCOMPLETE, settings.var, named)
    return _ask(settings)


def _without_stores(settings: Settings) -> Stage:
    state = read_embedded_state(settings.var)
    return Stage.STOPPED if state and state.get("servers") else Stage.NOTHING


@dataclass(slots=True)
class _Seen:
    """What the stores answered, and what those said that did not."""

    answers: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    are_unprepared: bool = False


def _ask(settings: Settings) -> Whereabouts:
    from flows.commands.probes import probes_of

    seen = _all_at_once(probes_of(settings))
    runs: tuple[Run, ...] = seen.answers.get("results") or ()
    in_force = next((run for run in runs if run.situacao == "publicada"), None)
    begun = next((run for run in runs if run.retomavel and run.situacao in {"em_andamento", "falhou"}), None)
    return Whereabouts(
        _stage(seen, in_force),
        settings.var,
        tuple(seen.problems),
        model=seen.answers.get("lake"),
        run=in_force,
        half_finished=begun if in_force is None or (begun and begun.iniciada_em > in_force.iniciada_em) else None,
        is_generated=(settings.var / "verdade").is_dir(),
        is_served=bool(seen.answers.get("api")),
        prefect_ui=(settings.prefect_api_url or "").removesuffix("/api") or None,
        report=_newest(settings.var / "relatorios"),
    )


def _newest(reports: Path) -> Path | None:
    pages = reports.glob("*.html") if reports.is_dir() else ()
    return max(pages, key=lambda page: page.stat().st_mtime, default=None)


def _stage(seen: _Seen, in_force: Run | None) -> Stage:
    if seen.problems:
        return Stage.DOWN
    if seen.are_unprepared:
        return Stage.UNPREPARED
    if in_force is not None:
        return Stage.PUBLISHED
    if not seen.answers.get("base_a"):
        return Stage.EMPTY
    return Stage.NO_RUN if seen.answers.get("lake") else Stage.NO_MODEL


def _all_at_once(probes: Mapping[str, Callable[[], Any]]) -> _Seen:
    from sqlalchemy.exc import DBAPIError

    from stores.deadlines import call_within

    seen = _Seen()
    with ThreadPoolExecutor(len(probes)) as pool:
        futures = {name: pool.submit(call_within, LIMIT_SECONDS, probe) for name, probe in probes.items()}
    for name, future in futures.items():
        error = future.exception()
        if error is None:
            seen.answers[name] = future.result()
        elif isinstance(error, EscoreError):
            seen.problems.append(str(error))
        elif isinstance(error, TimeoutError):
            seen.problems.append(f"{name}: no answer within {LIMIT_SECONDS:g} s")
        elif isinstance(error, DBAPIError):
            seen.are_unprepared = True
        else:  # whatever it is, its text may quote a record
            seen.problems.append(f"{name}: {type(error).__name__}")
    return seen
