"""What a published run says about all its scores: dates, model, reason texts; beside the scores in both stores."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from contracts.score_terms import Direction
from serve.published.key_layout import MAX_BUCKETS

_SELECT = """
SELECT e.id, e.data_referencia, e.modelo_versao, m.nome, m.horizonte_meses, m.textos, e.terminada_em, m.sha256
FROM execucao e JOIN modelo m ON m.versao = e.modelo_versao
WHERE e.id = :run_id
"""


UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, struct.error)
"""What decoding raises for what is not of the layout in Redis."""

_FIRST_YEAR, _LAST_YEAR = 1900, 9000
"""Beyond them days cannot be added to an instant, nor its zone be changed."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One run as its scores' readers need it.

    ``textos`` maps a reason's code to its Portuguese texts, ``{"aumenta": ..., "reduz": ...}``;
    ``calculado_em`` is a UTC instant, kept as ``execucao.terminada_em``; ``modelo_sha256`` is the digest
    of the model's artifact; ``modelo_descricao``, its public description, is kept by PostgreSQL alone.
    """

    execucao_id: UUID
    data_referencia: date
    modelo_versao: str
    modelo_nome: str
    horizonte_meses: int
    textos: Mapping[str, Mapping[str, str]]
    calculado_em: datetime
    modelo_sha256: str = ""
    modelo_descricao: str = ""

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the reason codes in the order by which records number them."""
        return tuple(sorted(self.textos))

    def to_json(self) -> dict[str, Any]:
        """Return the description as Redis holds it."""
        return {
            "execucao_id": str(self.execucao_id),
            "data_referencia": self.data_referencia.isoformat(),
            "modelo_versao": self.modelo_versao,
            "modelo_nome": self.modelo_nome,
            "horizonte_meses": self.horizonte_meses,
            "textos": {code: dict(texts) for code, texts in sorted(self.textos.items())},
            "calculado_em": self.calculado_em.isoformat(),
            "modelo_sha256": self.modelo_sha256,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> RunInfo:
        """Return the description that ``to_json`` wrote; an error of ``UNREADABLE`` if it is of another form."""
        info = cls(
            execucao_id=UUID(body["execucao_id"]),
            data_referencia=date.fromisoformat(body["data_referencia"]),
            modelo_versao=body["modelo_versao"],
            modelo_nome=body["modelo_nome"],
            horizonte_meses=body["horizonte_meses"],
            textos=body["textos"],
            calculado_em=datetime.fromisoformat(body["calculado_em"]),
            modelo_sha256=body["modelo_sha256"],
        )
        texts = [info.modelo_versao, info.modelo_nome, info.modelo_sha256]
        texts += [of[direction] for of in info.textos.values() for direction in Direction]
        if not all(isinstance(text, str) for text in texts) or type(info.horizonte_meses) is not int:
            raise TypeError("a text that is none, or a horizon that is not in months")
        if not _FIRST_YEAR <= info.calculado_em.year <= _LAST_YEAR:
            raise ValueError("computed in a year of no calendar of ours")
        return info


@dataclass(frozen=True, slots=True)
class GenerationInfo:
    """A generation in Redis: its run, the number of buckets its scores are spread over, and whose names they bear.

    ``key_id`` is of the key that persons are named by in it; None in one written before generations told it.
    """

    run: RunInfo
    buckets: int
    key_id: str | None = None

    def encode(self) -> bytes:
        """Return the info key's value."""
        body = {**self.run.to_json(), "baldes": self.buckets}
        if self.key_id is not None:
            body["chave"] = self.key_id
        return json.dumps(body, ensure_ascii=False).encode()

    @classmethod
    def decode(cls, value: bytes) -> GenerationInfo:
        """Return the description that ``encode`` wrote; an error of ``UNREADABLE`` if it is of another form."""
        body = json.loads(value)
        buckets = body["baldes"]
        if type(buckets) is not int or not 1 <= buckets <= MAX_BUCKETS:
            raise ValueError("no number of buckets")
        return cls(RunInfo.from_json(body), buckets, body.get("chave"))


def load_run_info(connection: sa.Connection, run_id: UUID) -> RunInfo | None:
    """Return a published run's description from PostgreSQL; None if there is no such run or model."""
    row = connection.execute(sa.text(_SELECT), {"run_id": run_id}).one_or_none()
    return None if row is None else RunInfo(*row)
