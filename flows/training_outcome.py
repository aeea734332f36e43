"""What a training leads to: a comparison with the model in force, a promotion or none, and what the command tells."""

from __future__ import annotations

from datetime import datetime
from getpass import getuser
from typing import Any

from contracts.artifacts import ArtifactStore
from contracts.errors import DataIntegrityError, ModelNotFoundError, TrainingRefusedError
from models.history import promoted_version, read_history
from models.registry import TAKES_OVER, RegisteredModel, load_model, promote_model
from models.training.train import Incumbent, TrainedModel


def put_in_force(lake: ArtifactStore, model: RegisteredModel, *, why: str, when: datetime) -> bool:
    """Promote a registered model if the gate let it take over; return whether it did."""
    if model.decision[TAKES_OVER]:
        promote_model(lake, model.version, who=getuser(), why=why, when=when)
    return bool(model.decision[TAKES_OVER])


def find_incumbent(lake: ArtifactStore) -> Incumbent | None:
    """Return the model in force, with the problem if it cannot be read; None if none was ever promoted."""
    version = promoted_version(read_history(lake))
    if version is None:
        return None
    try:
        return Incumbent(version, load_model(lake, version).points)
    except (DataIntegrityError, ModelNotFoundError, TrainingRefusedError) as error:
        return Incumbent(version, None, f"não pôde ser lido ({error})")


def tell_verdict(registered: RegisteredModel) -> dict[str, Any]:
    """Return what the gate decided when the model was first registered, and why."""
    checks = registered.decision["verificacoes"]
    return {
        "pode_assumir": bool(registered.decision[TAKES_OVER]),
        "comparado_com": registered.decision["modelo_em_vigor"] or "nenhum",
        "motivos_da_recusa": [check["texto"] for check in checks if not check["passou"]],
    }


def tell_figures(trained: TrainedModel) -> dict[str, Any]:
    """Return dates, rows, and the figures out of time of consumers that the model has not seen, with intervals."""
    late, record, price = trained.evidence.out_of_time, trained.record, trained.evidence.price_of_transparency
    figures = {
        "auc_fora_do_tempo": late.auc,
        "gini_fora_do_tempo": late.gini,
        "ks_fora_do_tempo": late.ks,
        "brier_fora_do_tempo": late.brier,
        "ece_fora_do_tempo": late.ece,
        "ece_sem_vies_fora_do_tempo": late.ece_debiased,
        "taxa_observada": late.bad_rate,
        "probabilidade_media": late.mean_probability,
        "preco_da_transparencia_auc": price,
    }
    return {
        "datas_de_treino": [counts.as_of.isoformat() for counts in record.samples],
        "datas_fora_do_tempo": [counts.as_of.isoformat() for counts in record.validation],
        **{f"linhas_{use}": rows for use, rows in record.rows_by_use.items()},
        "inadimplentes_no_treino": sum(counts.bads for counts in record.samples),
        "pares_de_variaveis": record.selection.chosen.pairs,
        **{name: found.estimate for name, found in figures.items() if found is not None},
        **{f"{name}_intervalo": [found.low, found.high] for name, found in figures.items() if found is not None},
    }
