"""A score's JSON written fast: what a run says of all its scores is rendered once, and only the rest each time.

The text equals that of `PublishedScore.to_json`, byte for byte.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring
from typing import Any

from contracts.score_terms import SCORE_MAX, SCORE_MIN, Band, Direction, Status
from serve.published.published_score import PublishedScore, shortest_float32, utc_text, valid_until
from serve.published.run_info import RunInfo

MAX_NUMBERS = 100_000
"""Probabilities whose text is remembered; integer points give a run far fewer distinct ones."""

_SCALE = f',"escala":{{"min":{SCORE_MIN},"max":{SCORE_MAX}}},"faixa":'


class ScoreWriter:
    """Writes scores of any run; it keeps the rendered texts of the run seen last."""

    def __init__(self, *, validity_days: int) -> None:
        self._validity_days = validity_days
        self._run: RunInfo | None = None
        self._numbers: dict[float, str] = {}
        self._reasons: dict[tuple[str, bool], str] = {}
        self._horizon = self._tail = ""

    def text(self, score: PublishedScore) -> str:
        """Return one score as JSON without spaces."""
        if score.run is not self._run:
            self._prepare(score.run)
        masked = score.masked_digits
        reasons = self._reasons
        motives = ",".join([f"{reasons[code, points > 0]}{points}}}" for code, points in score.reasons])
        return (
            f'{{"cliente_id":{encode_basestring(score.client_id)},"cpf_mascarado":"***.{masked[:3]}.{masked[3:]}-**"'
            f',"score":{"null" if score.score is None else score.score}{_SCALE}'
            f"{'null' if score.band is None else _QUOTED[score.band]}"
            f',"status":{_QUOTED[score.status]},"probabilidade_inadimplencia":{self._number(score.probability)}'
            f"{self._horizon}{motives}{self._tail}"
        )

    def _number(self, probability: float | None) -> str:
        if probability is None:
            return "null"
        known = self._numbers.get(probability)
        if known is None:
            if len(self._numbers) >= MAX_NUMBERS:
                self._numbers.clear()
            known = self._numbers[probability] = json.dumps(shortest_float32(probability))
        return known

    def _prepare(self, run: RunInfo) -> None:
        tail: dict[str, Any] = {
            "modelo": {"nome": run.modelo_nome, "versao": run.modelo_versao},
            "data_referencia": run.data_referencia.isoformat(),
            "calculado_em": utc_text(run.calculado_em),
            "valido_ate": valid_until(run.calculado_em, days=self._validity_days).isoformat(),
        }
        self._horizon = f',"horizonte_meses":{run.horizonte_meses},"motivos":['
        self._tail = "]," + _dump(tail)[1:]
        self._reasons = {
            (code, direction is Direction.RAISES): _dump(
                {"codigo": code, "texto": texts[direction], "direcao": direction.value}
            )[:-1]
            + ',"pontos":'
            for code, texts in run.textos.items()
            for direction in Direction
        }
        self._run = run


_QUOTED = {str(word): f'"{word}"' for word in (*Band, *Status)}


def _dump(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
