"""A registered model: the files that a model is in the lake, and reading one back checked.

Nothing of it is ever run: it is JSON, Parquet and text. Rule: a model that reads a forbidden column is not loaded,
however it came to be there (Lei 12.414 art. 3 §3 and art. 7-A I).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.artifacts import ArtifactStore
from contracts.documents import reading_document
from contracts.errors import DataIntegrityError, ModelNotFoundError, TrainingRefusedError
from models.inputs import is_forbidden
from models.points.document import parse_points_table
from models.points.table import PointsTable

MODELS_PATH = "models"
POINTS_FILE = "scorecard.json"
TABLE_FILE = "pontos.parquet"
METRICS_FILE = "metricas.json"
TRAINING_FILE = "treino.json"
DECISION_FILE = "decisao.json"
CARD_FILE = "cartao.md"
DESCRIPTION_FILE = "descricao.md"
REPORT_FILE = "relatorio.html"

TAKES_OVER = "assume"
"""Key of the decision's document: whether the gate lets the model come into force."""

HASH_DIGITS = 8
"""Digits of the points table's hash in a version; the whole hash stands in the manifest."""

VERSION = re.compile(rf"^\d{{4}}-\d{{2}}-\d{{2}}-([0-9a-f]{{{HASH_DIGITS}}})$")


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A model as the lake holds it, its checksums compared.

    ``metrics``, ``training`` and ``decision`` are the documents of the evidence, of the training's record and of the
    gate's decision; ``card`` is the model card and ``description`` the text for the public, Markdown in Portuguese.
    """

    version: str
    points: PointsTable
    metrics: Mapping[str, Any]
    training: Mapping[str, Any]
    decision: Mapping[str, Any]
    card: str
    description: str
    registered_at: datetime | None = None


def model_path(version: str) -> str:
    """Return the folder of a model in the lake."""
    return f"{MODELS_PATH}/{version}"


def require_registered(lake: ArtifactStore, version: str) -> str:
    """Return the folder of a registered model; ModelNotFoundError if there is none of that version."""
    path = model_path(version)
    if not VERSION.match(version) or lake.read_manifest(path) is None:
        raise ModelNotFoundError(f"no model is registered under the version {version[:40]!r}")
    return path


def load_model(lake: ArtifactStore, version: str) -> RegisteredModel:
    """Return a registered model, retired or not, after every file's checksum has been compared.

    Raises
    ------
    ModelNotFoundError
        No model is registered under that version.
    DataIntegrityError
        A file is missing or altered, or the model is not the one that the version stands for.
    TrainingRefusedError
        The model reads a column that no model may read.
    """
    path = require_registered(lake, version)
    manifest = lake.verify(path)
    points = parse_points_table(lake.read_bytes(path, POINTS_FILE))
    if not version.endswith(points.sha256[:HASH_DIGITS]) or points.sha256 != manifest.meta.get("sha256"):
        raise DataIntegrityError(f"{path}/{POINTS_FILE}: not the model that the version stands for")
    refuse_unlawful(path, points)
    registered_at = manifest.meta.get("registrado_em")
    decision = lake.read_json(path, DECISION_FILE)
    if type(decision.get(TAKES_OVER)) is not bool:
        raise DataIntegrityError(f"{path}/{DECISION_FILE}: does not say whether the model may come into force")
    with reading_document(path):
        return RegisteredModel(
            version=version,
            points=points,
            metrics=lake.read_json(path, METRICS_FILE),
            training=lake.read_json(path, TRAINING_FILE),
            decision=decision,
            card=lake.read_bytes(path, CARD_FILE).decode(),
            description=lake.read_bytes(path, DESCRIPTION_FILE).decode(),
            registered_at=None if registered_at is None else datetime.fromisoformat(registered_at),
        )


def refuse_unlawful(path: str, points: PointsTable) -> None:
    """Raise TrainingRefusedError, naming every one, if a model reads columns that no model may read."""
    found = sorted(name for name in points.features if is_forbidden(name))
    if found:
        raise TrainingRefusedError(
            f"{path}: the model reads {', '.join(found)}, which no model may (Lei 12.414 art. 3 §3 and art. 7-A I)"
        )
