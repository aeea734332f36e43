"""The registry: models in the lake by version, each bound to its content, which is in force, which are retired.

A version is the date where the training data end and eight digits of the points table's hash, ``2025-06-30-1a2b3c4d``:
the same training gives the same version. A registered model is never rewritten; one that is retired stays readable,
and neither scores nor comes into force again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from contracts.artifacts import ArtifactStore, Content
from contracts.canonical_json import canonical_json
from contracts.errors import DataIntegrityError, GateError, ModelNotFoundError, TrainingRefusedError, UsageError
from models.history import (
    EventKind,
    ModelEvent,
    promoted_version,
    read_history,
    record_event,
    retired_versions,
)
from models.monitoring.reference_distribution import DISTRIBUTION_FILE
from models.points.parquet import points_to_arrow
from models.registered_model import (
    CARD_FILE,
    DECISION_FILE,
    DESCRIPTION_FILE,
    HASH_DIGITS,
    METRICS_FILE,
    MODELS_PATH,
    POINTS_FILE,
    REPORT_FILE,
    TABLE_FILE,
    TAKES_OVER,
    TRAINING_FILE,
    VERSION,
    RegisteredModel,
    load_model,
    model_path,
    refuse_unlawful,
    require_registered,
)
from models.validation.card import render_card, render_public_description

if TYPE_CHECKING:
    from models.training.train import TrainedModel

__all__ = [
    "REPORT_FILE",
    "TAKES_OVER",
    "ModelEntry",
    "RegisteredModel",
    "current_model",
    "list_models",
    "load_model",
    "model_path",
    "preview_model",
    "promote_model",
    "register_model",
    "retire_model",
    "usable_model",
    "version_of",
]

_PAGE = re.compile(r"^[a-z0-9_]+\.html$")


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One line of the list of models; ``problem`` says why a model that cannot be used has no ``model``."""

    version: str
    in_force: bool
    retired: bool
    model: RegisteredModel | None
    problem: str = ""


def version_of(trained: TrainedModel) -> str:
    """Return the version that a trained model is registered under."""
    return f"{trained.record.observed_until.isoformat()}-{trained.points.sha256[:HASH_DIGITS]}"


def preview_model(trained: TrainedModel) -> RegisteredModel:
    """Return a trained model as it will be registered: what the pages that are kept with it are made from."""
    version = version_of(trained)
    return RegisteredModel(
        version=version,
        points=trained.points,
        metrics=_as_stored(trained.evidence.to_json()),
        training=_as_stored(trained.record.to_json()),
        decision=_as_stored(trained.decision.to_json()),
        card=render_card(trained, version),
        description=render_public_description(trained, version),
    )


def register_model(
    lake: ArtifactStore,
    trained: TrainedModel,
    *,
    pages: Mapping[str, bytes] | None = None,
    when: datetime | None = None,
) -> str:
    """Store a trained model and return its version; one that is there already stays as it is.

    ``pages`` are HTML files to keep with it (``relatorio.html``), made from ``preview_model``; ``when`` is the instant
    of the registration, with its zone. TrainingRefusedError if the model reads a forbidden column.
    """
    version = version_of(trained)
    path = model_path(version)
    refuse_unlawful(path, trained.points)
    problems = [f"{name[:40]!r} is no name of a page" for name in pages or {} if not _PAGE.match(name)]
    problems += ["the instant has no time zone"] if when is not None and when.tzinfo is None else []
    if problems:
        raise UsageError(f"{path}: " + "; ".join(problems))
    if lake.read_manifest(path) is not None:
        if load_model(lake, version).points != trained.points:
            raise DataIntegrityError(f"{path}: another model is registered under this version")
        return version
    meta = {"versao": version, "sha256": trained.points.sha256}
    if when is not None:
        meta["registrado_em"] = when.astimezone(UTC).isoformat()
    lake.write(path, {**_own_files(trained), **(pages or {})}, meta=meta)
    return version


def _own_files(trained: TrainedModel) -> dict[str, Content]:
    model = preview_model(trained)
    return {
        POINTS_FILE: canonical_json(trained.points.to_json()),
        TABLE_FILE: points_to_arrow(trained.points),
        METRICS_FILE: model.metrics,
        TRAINING_FILE: model.training,
        DECISION_FILE: model.decision,
        DISTRIBUTION_FILE: trained.distribution.to_json(),
        CARD_FILE: model.card.encode(),
        DESCRIPTION_FILE: model.description.encode(),
    }


def current_model(lake: ArtifactStore) -> RegisteredModel:
    """Return the model in force; ModelNotFoundError if none has ever been promoted."""
    return usable_model(lake)


def usable_model(lake: ArtifactStore, version: str | None = None) -> RegisteredModel:
    """Return a model to score with: the one of a version, or the one in force.

    ModelNotFoundError if there is none, or if it was retired; else as ``load_model``.
    """
    history = read_history(lake)
    chosen = version or promoted_version(history)
    if chosen is None:
        raise ModelNotFoundError("no model is in force: train one, or promote a registered one")
    model = load_model(lake, chosen)
    if chosen in retired_versions(history):
        raise ModelNotFoundError(f"model {chosen} was retired: it neither scores nor comes into force again")
    return model


def promote_model(  # noqa: PLR0913 - who, when and why are what the history is for
    lake: ArtifactStore, version: str, *, who: str, why: str, when: datetime, despite_gate: bool = False
) -> ModelEvent:
    """Bring a registered model into force, after checking that it may score; who, when and why are kept for good.

    GateError if the gate refused the model, unless ``despite_gate``, which is kept with the rest.
    ModelNotFoundError if there is no such model or it was retired.
    """
    refused = not usable_model(lake, version).decision[TAKES_OVER]
    if refused and not despite_gate:
        raise GateError(f"model {version}: the gate refused it, so it was not promoted")
    return record_event(lake, EventKind.PROMOTION, version, who=who, why=why, when=when, despite_gate=refused)


def retire_model(lake: ArtifactStore, version: str, *, who: str, why: str, when: datetime) -> ModelEvent:
    """Retire a registered model for good; who, when and why are kept.

    UsageError if it is in force, or was retired before; ModelNotFoundError if there is no such model.
    """
    require_registered(lake, version)
    history = read_history(lake)
    if version == promoted_version(history):
        raise UsageError(f"model {version} is in force: promote another first")
    if version in retired_versions(history):
        raise UsageError(f"model {version} was retired before")
    return record_event(lake, EventKind.RETIREMENT, version, who=who, why=why, when=when)


def list_models(lake: ArtifactStore) -> tuple[ModelEntry, ...]:
    """Return every registered model in order of version, also those that can no longer be loaded, and why."""
    history = read_history(lake)
    promoted, retired = promoted_version(history), retired_versions(history)
    entries = []
    for version in filter(VERSION.match, lake.list(MODELS_PATH)):
        model, problem = None, ""
        try:
            model = load_model(lake, version)
        except ModelNotFoundError:
            continue  # half-written: it has no manifest, so it does not exist
        except (DataIntegrityError, TrainingRefusedError) as error:
            problem = str(error)
        entries.append(ModelEntry(version, version == promoted, version in retired, model, problem))
    return tuple(entries)


def _as_stored(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document as it will be read back: lists for tuples, texts for keys."""
    stored: dict[str, Any] = json.loads(canonical_json(document))
    return stored
