"""What is left of a schedule of one run when the wait for it ends early."""

from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import UUID

import pytest
from prefect.client.schemas.objects import StateType

from flows.one_off_schedule import drop_waiting_run

DEPLOYMENT, RUN = UUID(int=1), UUID(int=2)
DUE = datetime(2026, 1, 1, 4, 0, 2, tzinfo=UTC)


class Server:
    """Holds one run in a state, or none, and remembers what was deleted."""

    def __init__(self, state: StateType | None) -> None:
        self._runs = [] if state is None else [SimpleNamespace(id=RUN, state_type=state)]
        self.deleted: list[UUID] = []

    def read_flow_runs(self, **_filters: object) -> list[SimpleNamespace]:
        return self._runs

    def delete_flow_run(self, run_id: UUID) -> None:
        self.deleted.append(run_id)


@pytest.mark.parametrize(
    ("state", "deleted"),
    [
        (None, []),
        (StateType.SCHEDULED, [RUN]),  # late, or waiting for the deployment's only place
        (StateType.RUNNING, []),
        (StateType.COMPLETED, []),
    ],
)
def test_a_run_that_still_waits_goes_with_its_schedule(state, deleted):
    server = Server(state)
    drop_waiting_run(server, DEPLOYMENT, DUE)
    assert server.deleted == deleted
