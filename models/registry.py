"""The registry: models in the lake by version, each bound to its content, and which one is in force.

A version is the date where the training data end and eight digits of the scorecard's hash, ``2025-06-30-1a2b3c4d``:
the same training gives the same version. A registered model is never rewritten.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.artifacts import ArtifactStore, canonical_json
from contracts.errors import DataIntegrityError, ModelNotFoundError
from models.card import render_card
from models.history import Promotion, read_history, record_promotion
from models.scorecard import Scorecard
from models.scorecard_json import parse_scorecard
from models.train import TrainedModel

MODELS_PATH = "models"
SCORECARD_FILE = "scorecard.json"
METRICS_FILE = "metricas.json"
TRAINING_FILE = "treino.json"
CARD_FILE = "cartao.md"
_HASH_DIGITS = 8
_VERSION = re.compile(r"^\d{4}-\d{2}-\d{2}-([0-9a-f]{8})$")


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A model as the lake holds it, its checksums compared."""

    version: str
    scorecard: Scorecard
    metrics: Mapping[str, Any]
    training: Mapping[str, Any]
    card: str


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One line of the list of models."""

    version: str
    sha256: str
    in_force: bool


def version_of(trained: TrainedModel) -> str:
    """Return the version that a trained model is registered under."""
    return f"{trained.record.observed_until.isoformat()}-{trained.scorecard.sha256[:_HASH_DIGITS]}"


def register_model(lake: ArtifactStore, trained: TrainedModel) -> str:
    """Store a trained model and return its version; one that is there already stays as it is."""
    version, path = version_of(trained), f"{MODELS_PATH}/{version_of(trained)}"
    if lake.read_manifest(path) is not None:
        if load_model(lake, version).scorecard != trained.scorecard:
            raise DataIntegrityError(f"{path}: another model is registered under this version")
        return version
    lake.write(
        path,
        {
            SCORECARD_FILE: canonical_json(trained.scorecard.to_json()),
            METRICS_FILE: trained.metrics.to_json(),
            TRAINING_FILE: trained.record.to_json(),
            CARD_FILE: render_card(trained, version).encode(),
        },
        meta={"versao": version, "sha256": trained.scorecard.sha256},
    )
    return version


def load_model(lake: ArtifactStore, version: str) -> RegisteredModel:
    """Return a registered model; ModelNotFoundError if there is none, DataIntegrityError if it was altered."""
    match = _VERSION.match(version)
    path = f"{MODELS_PATH}/{version}"
    if match is None or lake.read_manifest(path) is None:
        raise ModelNotFoundError(f"no model is registered under the version {version[:40]!r}")
    scorecard = parse_scorecard(lake.read_bytes(path, SCORECARD_FILE))
    if scorecard.sha256[:_HASH_DIGITS] != match.group(1):
        raise DataIntegrityError(f"{path}/{SCORECARD_FILE}: not the model that the version stands for")
    return RegisteredModel(
        version,
        scorecard,
        lake.read_json(path, METRICS_FILE),
        lake.read_json(path, TRAINING_FILE),
        lake.read_bytes(path, CARD_FILE).decode(),
    )


def promote_model(lake: ArtifactStore, version: str, *, who: str, why: str, when: datetime) -> Promotion:
    """Bring a registered model into force, after checking that it loads; who, when and why are kept for good."""
    load_model(lake, version)
    return record_promotion(lake, version, who=who, why=why, when=when)


def current_model(lake: ArtifactStore) -> RegisteredModel:
    """Return the model in force; ModelNotFoundError if none has ever been promoted."""
    history = read_history(lake)
    if not history:
        raise ModelNotFoundError("no model is in force: train one, or promote a registered one")
    return load_model(lake, history[-1].version)


def list_models(lake: ArtifactStore) -> tuple[ModelEntry, ...]:
    """Return every registered model in order of version, and which one is in force."""
    history = read_history(lake)
    in_force = history[-1].version if history else None
    entries = []
    for name in lake.list(MODELS_PATH):
        manifest = lake.read_manifest(f"{MODELS_PATH}/{name}") if _VERSION.match(name) else None
        if manifest is not None:
            entries.append(ModelEntry(name, str(manifest.meta.get("sha256")), name == in_force))
    return tuple(entries)
