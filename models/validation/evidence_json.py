"""Between the evidence's dataclasses and its document: one Portuguese name a field, every value checked on reading."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache
from math import isfinite
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from contracts.errors import DataIntegrityError

NAMES = {
    "approval_rate": "taxa_de_aprovacao",
    "approval_ratio": "razao_de_aprovacao",
    "approval_score": "score_de_aprovacao",
    "as_of": "data_referencia",
    "attribute": "atributo",
    "auc": "auc",
    "auc_difference": "diferenca_de_auc",
    "auc_limit": "limite_auc",
    "average_precision": "precisao_media",
    "bad_rate": "taxa_de_inadimplencia",
    "bads": "inadimplentes",
    "bands": "faixas",
    "below": "acumuladas_ate_o_score",
    "brier": "brier",
    "brier_difference": "diferenca_de_brier",
    "calibration": "calibracao",
    "calibration_gap": "desvio_de_calibracao",
    "calibration_level": "nivel_de_calibracao",
    "calibration_slope": "inclinacao_de_calibracao",
    "challengers": "desafiantes",
    "chance_limit": "limite_do_acaso",
    "code": "codigo",
    "confidence": "confianca",
    "consumers": "consumidores",
    "curve": "curva_de_calibracao",
    "deciles": "decis",
    "ece": "ece",
    "ece_debiased": "ece_sem_vies",
    "estimate": "valor",
    "fairness": "equidade",
    "feature": "variavel",
    "fit": "ajuste",
    "gini": "gini",
    "gini_slope": "inclinacao_do_gini",
    "gini_spread": "amplitude_do_gini",
    "good_approval_rate": "taxa_de_aprovacao_dos_bons",
    "goods": "adimplentes",
    "group": "grupo",
    "groups": "grupos",
    "high": "ate",
    "highest_score": "maior_score",
    "histogram": "histograma",
    "index": "indice",
    "judged": "julgado",
    "ks": "ks",
    "log_loss": "log_loss",
    "low": "de",
    "lowest_score": "menor_score",
    "mean_probability": "probabilidade_media",
    "missing_now": "faltantes_depois",
    "missing_then": "faltantes_no_ajuste",
    "months": "meses",
    "name": "nome",
    "opportunity_difference": "diferenca_de_oportunidade",
    "out_of_time": "fora_do_tempo",
    "out_of_time_all": "fora_do_tempo_todos",
    "proxies": "substitutas",
    "reference": "referencia",
    "replicates": "replicas",
    "rows": "linhas",
    "scores": "scores",
    "seed": "semente",
    "stability": "estabilidade",
    "terms": "termos",
    "told_limit": "limite_de_incerteza_retirada",
    "told_share": "incerteza_retirada",
    "trend": "tendencia",
    "unknown": "sem_informacao",
    "value": "valor_do_atributo",
    "verdict": "veredito",
}
"""The name in the document of every field of every dataclass of the evidence."""

_T = TypeVar("_T")


def encode(value: Any) -> Any:
    """Return a dataclass, and what it holds, as plain JSON values.

    >>> from models.validation.intervals import Interval
    >>> encode(Interval(0.5, 0.4, 0.6))
    {'valor': 0.5, 'de': 0.4, 'ate': 0.6}
    """
    if is_dataclass(value):
        return {NAMES[field.name]: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float) and not isfinite(value):
        raise DataIntegrityError("evidence: a figure is not a finite number")
    return value


def decode(kind: type[_T], body: object) -> _T:
    """Return the dataclass that ``encode`` made a document of; DataIntegrityError says where it is of another form."""
    found: _T = _decode(kind, body, kind.__name__)
    return found


@lru_cache(maxsize=64)
def _fields(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _decode(kind: Any, body: object, where: str) -> Any:
    if isinstance(kind, types.UnionType):
        one, none = get_args(kind)
        assert none is type(None)
        return None if body is None else _decode(one, body, where)
    if get_origin(kind) is tuple:
        if not isinstance(body, list):
            raise DataIntegrityError(f"evidence: {where} is no list")
        return tuple(_decode(get_args(kind)[0], item, where) for item in body)
    if is_dataclass(kind):
        return _decode_fields(kind, body, where)
    if issubclass(kind, Enum):
        if body not in [member.value for member in kind]:
            raise DataIntegrityError(f"evidence: {where} is no {kind.__name__}")
        return kind(body)
    if type(body) is not kind and not (kind is float and type(body) is int):
        raise DataIntegrityError(f"evidence: {where} is no {kind.__name__}")
    return float(body) if isinstance(body, int) and kind is float else body


def _decode_fields(kind: Any, body: object, where: str) -> Any:
    hints = _fields(kind)
    if not isinstance(body, Mapping) or set(body) != {NAMES[name] for name in hints}:
        raise DataIntegrityError(f"evidence: {where} has not the fields of {kind.__name__}")
    return kind(**{name: _decode(hint, body[NAMES[name]], f"{where}.{name}") for name, hint in hints.items()})
