"""The flow that works on the queue of erasures: counts in and out, and nobody's name, id or CPF."""

from __future__ import annotations

from typing import Any

from prefect import flow, get_run_logger

from contracts.errors import DataIntegrityError
from flows.erasure_queue import QueueOutcome, work_queue
from flows.flow_process import begin_flow
from flows.parameter_form import Bounds, with_form
from flows.queue_artifact import tell_queue
from flows.withheld import values_withheld

MOST_A_TURN = 1_000


@flow(name="erase-requested", validate_parameters=True)
@with_form(limit=Bounds(1, MOST_A_TURN))
@values_withheld
def erase_requested(limit: int = 100) -> dict[str, Any]:
    """Erase the persons who asked for it (LGPD art. 18 VI): the requests that wait in the queue of the results.

    Parameters
    ----------
    limit
        Requests worked on in one turn; the rest waits for the next.

    Returns
    -------
    dict
        Counts of the turn (``QueueOutcome.to_json``).
    """
    outcome = work_queue(begin_flow(), limit=limit)
    tell_queue(outcome)
    get_run_logger().info(_line(outcome))
    if outcome.falharam:
        raise DataIntegrityError(f"{outcome.falharam} requests were not completed: `escore erasures list` tells why")
    return outcome.to_json()


def _line(outcome: QueueOutcome) -> str:
    return (
        f"queue of erasures: {outcome.concluidos} done, {outcome.desconhecidos} of persons not known, "
        f"{outcome.falharam} failed, {outcome.pendentes} waiting"
    )
