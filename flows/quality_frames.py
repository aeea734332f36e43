"""What the gates judge: three small frames made of a run's summary, with no person's data in them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from contracts.tables import TABLES_BY_NAME
from features.catalog import FEATURES
from flows.range_summary import RangeSummary


def snapshot_frame(summary: RangeSummary) -> pd.DataFrame:
    """Return one row a table: records read, used, ignored, rejected, unaccounted, and the reject rate."""
    rows: list[dict[str, Any]] = []
    for name, counts in summary.counts.items():
        rejected = sum(counts.rejected.values())
        rows.append(
            {
                "base": TABLES_BY_NAME[name].store.value,
                "tabela": name,
                "lidos": counts.read,
                "usados": counts.used,
                "ignorados": sum(counts.ignored.values()),
                "rejeitados": rejected,
                "diferenca": counts.difference,
                "taxa_rejeicao": rejected / counts.read if counts.read else 0.0,
            }
        )
    return pd.DataFrame(rows)


def features_frame(summary: RangeSummary) -> pd.DataFrame:
    """Return one row a feature: rows, share missing, values that are not finite, extremes, rows expected."""
    expected = summary.scores.scored + summary.scores.insufficient
    non_negative = {f.name for f in FEATURES if not f.may_be_negative}
    rows = [
        {
            "variavel": name,
            "linhas": column.rows,
            "linhas_esperadas": expected,
            "parcela_faltante": column.missing / column.rows if column.rows else 0.0,
            "nao_finitos": column.not_finite,
            "minimo": column.minimum,
            "maximo": column.maximum,
            "negativa_indevida": int(name in non_negative and column.minimum is not None and column.minimum < 0),
        }
        for name, column in summary.columns.items()
    ]
    return pd.DataFrame(rows).astype({"minimo": "float64", "maximo": "float64"})


def scores_frame(summary: RangeSummary) -> pd.DataFrame:
    """Return one row: consumers by outcome, extremes, and how often each promise of the score is broken."""
    scores = summary.scores
    published = scores.scored + scores.insufficient
    row: dict[str, Any] = {
        "clientes_extraidos": summary.extracted_clients,
        "pontuados": scores.scored,
        "insuficientes": scores.insufficient,
        "rejeitados": summary.rejected_clients,
        "clientes_sem_destino": summary.unaccounted_clients,
        "parcela_pontuada": scores.scored / published if published else 0.0,
        "score_minimo": scores.minimum,
        "score_maximo": scores.maximum,
        "maior_parcela_em_um_intervalo": max(scores.histogram) / scores.scored if scores.scored else 1.0,
        **{f"quebra_{name}": count for name, count in scores.broken.items()},
    }
    return pd.DataFrame([row]).astype({"score_minimo": "float64", "score_maximo": "float64"})
