"""Automations watch and stop our own runs alone, and no run that may still be waiting or at work by its limits."""

from pathlib import Path
from types import SimpleNamespace
from uuid import UUID, uuid5

import pytest
import yaml
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectNotFound
from prefect.server.events.schemas.automations import EventTrigger
from prefect.server.events.schemas.events import RelatedResource, Resource

from contracts.errors import SettingsError
from flows.persistence import HANGS_AFTER_SECONDS, LONGEST_WORK_SECONDS, MOST_RETRIES, WAIT_SECONDS
from flows.prefect_automations import completed, read_automations

ROOT = Path(__file__).parents[3]
SPACE = UUID("019aac10-2f3e-7c5b-9d4e-8a1b2c3d4e5f")
OURS = tuple(
    f"{one['entrypoint'].rpartition('.')[2].replace('_', '-')}/{one['name']}"
    for one in yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
)


class Server:
    """Knows our deployments, each by an id of its own, and no block."""

    def read_deployment_by_name(self, name: str) -> SimpleNamespace:
        if name not in OURS:
            raise ObjectNotFound(ValueError(name))
        return SimpleNamespace(id=uuid5(SPACE, name))

    def read_block_document_by_name(self, name: str, _type: str) -> None:
        raise ObjectNotFound(ValueError(name))


@pytest.fixture(scope="module")
def declared():
    return {one["name"]: one for one in read_automations(ROOT / "deploy" / "prefect" / "automations.yaml")}


def watches(automation, deployment: UUID, name: str) -> bool:
    """Return whether the server would take an event of a run of such a deployment for the automation's."""
    trigger = EventTrigger.model_validate(automation.trigger.model_dump(mode="json", exclude={"id"}))
    related = [
        {"prefect.resource.id": f"prefect.deployment.{deployment}", "prefect.resource.role": "deployment"},
        {"prefect.resource.id": "prefect.tag.escore", "prefect.resource.role": "tag"},
    ]
    related[0]["prefect.resource.name"] = name
    run = Resource.model_validate({"prefect.resource.id": "prefect.flow-run.1"})
    return trigger.covers_resources(run, [RelatedResource.model_validate(one) for one in related])


@pytest.mark.parametrize("name", ["a run failed", "a run is late", "a run hangs", "no night was published"])
def test_runs_of_others_are_no_business_of_ours(declared, name):
    """Whatever they call their deployments, and however they tag their runs."""
    made = AutomationCore.model_validate(completed(Server(), declared[f"escore: {name}"]))
    watched = {one for one in OURS if watches(made, uuid5(SPACE, one), one.partition("/")[2])}
    assert watched == ({"score-clients/night"} if name == "no night was published" else set(OURS))
    assert not watches(made, UUID(int=7), "night")


def test_a_run_is_cancelled_only_after_all_that_it_may_wait_and_work(declared):
    hangs = declared["escore: a run hangs"]
    assert hangs["trigger"]["within"] == HANGS_AFTER_SECONDS == LONGEST_WORK_SECONDS + MOST_RETRIES * WAIT_SECONDS
    assert "thirteen hours and twenty minutes" in hangs["description"]
    assert HANGS_AFTER_SECONDS == (13 * 60 + 20) * 60


def test_a_deployment_that_is_not_there_is_named(declared):
    night = declared["escore: no night was published"]
    trigger = night["trigger"] | {"match_related": {"deployment": "score-clients/nigth"}}
    with pytest.raises(SettingsError, match="there is no deployment score-clients/nigth"):
        completed(Server(), night | {"trigger": trigger})
