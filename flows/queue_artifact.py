"""What Prefect shows of a turn of the queue of erasures: counts, and how long the oldest request has waited."""

from __future__ import annotations

import logging

from httpx import HTTPError
from prefect.artifacts import create_table_artifact
from prefect.exceptions import PrefectException

from flows.erasure_queue import QueueOutcome

_LOG = logging.getLogger(__name__)


def tell_queue(outcome: QueueOutcome) -> None:
    """Create the table of counts; a Prefect server that is gone is warned of, for the erasures are done."""
    since = "-" if outcome.espera_desde is None else outcome.espera_desde.isoformat(timespec="minutes")
    row = {
        "concluídos agora": outcome.concluidos,
        "sem registro": outcome.desconhecidos,
        "falharam": outcome.falharam,
        "ainda na fila": outcome.pendentes,
        "o mais antigo espera desde": since,
    }
    try:
        create_table_artifact([row], key="apagamentos", description="fila de apagamentos (LGPD art. 18 VI)")
    except (PrefectException, HTTPError) as error:
        _LOG.warning("Prefect was not told of the queue: %s", type(error).__name__)
