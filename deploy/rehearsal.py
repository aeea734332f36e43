"""A deployment in rehearsal: ``python -m deploy.rehearsal`` makes the templates' resources on moto's server.

Nested stacks are made one after another, each with what the ones before put out. moto does not know every kind of
resource; those it does not know are listed, and what refers to them gets a name in their place. Nothing leaves this
machine: the server listens on loopback, and the keys are made up.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from deploy.rehearsal_calls import CALLS, MakeClient, resolved
from deploy.templates import FOLDER, ROOT_TEMPLATE, Template, load_template, load_templates, nested_order

REGION = "sa-east-1"
UNKNOWN = "unknown to moto"
CALLED = "MADE_BY_ITS_SERVICE"
"""moto's CloudFormation does not know the kind, and the service itself does."""
UNKNOWN_ATTRIBUTES = {"MasterUserSecret.SecretArn", "DbiResourceId"}
"""What moto's resources do not tell; a name stands in its place, as for ``Fn::Cidr``, which moto does not work out."""
_PLACE = re.compile(r"\$\{([^}]+)\}")
_KEYS = {"aws_access_key_id": "rehearsal", "aws_secret_access_key": "rehearsal", "region_name": REGION}


@dataclass(frozen=True, order=True)
class Outcome:
    """What became of one resource: ``state`` is moto's own, or that moto does not know its kind."""

    stack: str
    logical_id: str
    kind: str
    state: str


class Rehearsal:
    """Makes stacks, by clients of services; ``knows`` tells which kinds of resources CloudFormation makes there."""

    def __init__(self, client: MakeClient, knows: frozenset[str]) -> None:
        self._service = client
        self._client = client("cloudformation")
        self._knows = knows
        self._outputs: dict[str, dict[str, str]] = {}

    def run(self, values: Mapping[str, str]) -> list[Outcome]:
        """Make every stack of the root with these values of its parameters, and tell of every resource."""
        root = load_template(FOLDER / f"{ROOT_TEMPLATE}.yaml")
        given = {name: str(body.get("Default", "")) for name, body in root["Parameters"].items()} | dict(values)
        return [outcome for name in nested_order(root) for outcome in self._make(name, root, given)]

    def _make(self, name: str, root: Template, given: Mapping[str, str]) -> list[Outcome]:
        properties = root["Resources"][name]["Properties"]
        template = load_template(FOLDER / properties["TemplateURL"])
        parameters = {key: self._resolved(value, given) for key, value in properties["Parameters"].items()}
        known, unknown = self._split(template)
        self._client.create_stack(
            StackName=name,
            TemplateBody=json.dumps(without(template, set(unknown))),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        (stack,) = self._client.describe_stacks(StackName=name)["Stacks"]
        self._outputs[name] = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
        made = self._client.list_stack_resources(StackName=name)["StackResourceSummaries"]
        states = {each["LogicalResourceId"]: each["ResourceStatus"] for each in made}
        outcomes = [Outcome(name, each, kind, states[each]) for each, kind in known.items() if each in states]
        names = self._names(parameters, made)
        for logical_id, kind in unknown.items():
            state = self._call(kind, resolved(template["Resources"][logical_id]["Properties"], names))
            outcomes.append(Outcome(name, logical_id, kind, state))
        return sorted(outcomes)

    def _names(self, parameters: Mapping[str, str], made: list[dict[str, Any]]) -> dict[str, str]:
        fixed = {"AWS::Region": REGION, "AWS::AccountId": "123456789012", "AWS::Partition": "aws"}
        return {**fixed, **parameters, **{each["LogicalResourceId"]: each["PhysicalResourceId"] for each in made}}

    def _call(self, kind: str, properties: dict[str, Any]) -> str:
        """Return what became of a resource that CloudFormation does not know here."""
        if kind not in CALLS:
            return UNKNOWN
        CALLS[kind](self._service, properties)
        return CALLED

    def _split(self, template: Template) -> tuple[dict[str, str], dict[str, str]]:
        kinds = {name: body["Type"] for name, body in template["Resources"].items()}
        known = {name: kind for name, kind in kinds.items() if kind in self._knows}
        return known, {name: kind for name, kind in kinds.items() if name not in known}

    def _resolved(self, value: Any, given: Mapping[str, str]) -> str:
        """Return the value that the root hands to a stack; an output that moto has not is named by its place."""
        if not isinstance(value, dict):
            return str(value)
        if "Ref" in value:
            return given[value["Ref"]]
        if "Fn::GetAtt" in value:
            stack, output = value["Fn::GetAtt"]
            return self._outputs[stack].get(output.removeprefix("Outputs."), f"{stack}-{output}".replace(".", "-"))
        if "Fn::If" in value:  # the root has one condition: Base C is DocumentDB
            _, then, otherwise = value["Fn::If"]
            return self._resolved(then if given["BaseCKind"] == "documentdb" else otherwise, given)
        return str(value["Fn::Sub"])


def without(template: Template, gone: set[str]) -> Template:
    """Return the template without these resources; what refers to one gets its logical id in lower case."""
    kept = {name: body for name, body in template["Resources"].items() if name not in gone}
    pruned = _renamed({**template, "Resources": kept}, gone)
    assert isinstance(pruned, dict)
    pruned.pop("Transform", None)
    for body in pruned["Resources"].values():
        if body["Type"] == "AWS::RDS::DBInstance":  # moto 5.2 takes the group itself for its name, and fails
            body["Properties"].pop("DBParameterGroupName", None)
        waits = body.pop("DependsOn", [])
        waits = [name for name in (waits if isinstance(waits, list) else [waits]) if name not in gone]
        if waits:
            body["DependsOn"] = waits
    return pruned


def _renamed(value: Any, gone: set[str]) -> Any:
    if isinstance(value, list):
        return [_renamed(each, gone) for each in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("Fn::Sub"), str):
        return {"Fn::Sub": _PLACE.sub(lambda place: _filled(place, gone), value["Fn::Sub"])}
    if "Fn::Select" in value and "Fn::Cidr" in value["Fn::Select"][1]:
        return {"Fn::Sub": f"10.60.{16 * int(value['Fn::Select'][0])}.0/20"}
    named = value.get("Fn::GetAtt") or str(value.get("Ref", "")).split(".")  # SAM's names have a point: System.Alias
    if named[0] in gone or named[-1] in UNKNOWN_ATTRIBUTES:
        return "-".join(named).lower().replace(".", "-")
    return {key: _renamed(each, gone) for key, each in value.items()}


def _filled(place: re.Match[str], gone: set[str]) -> str:
    name, _, attribute = place[1].partition(".")
    return place[1].lower().replace(".", "-") if name in gone or attribute in UNKNOWN_ATTRIBUTES else place[0]


@contextmanager
def moto_clients() -> Iterator[MakeClient]:
    """Run moto's server on a free port of loopback, and yield what makes clients of its services."""
    import boto3  # noqa: PLC0415 - what only a rehearsal needs
    from moto.server import ThreadedMotoServer  # noqa: PLC0415

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield lambda service: boto3.client(service, endpoint_url=f"http://{host}:{port}", **_KEYS)
    finally:
        server.stop()


def known_kinds() -> frozenset[str]:
    """Return the kinds of resources of the templates that moto's CloudFormation makes."""
    from moto.cloudformation.parsing import resource_class_from_type  # noqa: PLC0415

    logging.getLogger("moto").setLevel(logging.ERROR)
    kinds = {body["Type"] for template in load_templates().values() for body in template["Resources"].values()}
    known = {kind for kind in kinds if resource_class_from_type(kind) is not None}
    return frozenset(
        known - {"AWS::Lambda::Permission"}
    )  # of a function that SAM's transform makes, which moto has not


def sample_values(size: str) -> dict[str, str]:
    """Return the root's values of one size."""
    entries = json.loads((FOLDER / "parameters" / f"{size}.json").read_text("utf-8"))
    return {each["ParameterKey"]: each["ParameterValue"] for each in entries}


def rehearse(size: str) -> list[Outcome]:
    """Make one size's resources on a server of this rehearsal's own, and tell of each."""
    with warnings.catch_warnings(), moto_clients() as client:
        warnings.simplefilter("ignore")
        values = sample_values(size)
        values["CertificateArn"] = client("acm").request_certificate(DomainName=values["HostName"])["CertificateArn"]
        return Rehearsal(client, known_kinds()).run(values)


def main() -> None:
    """Rehearse one size and print every resource with its state; exit code 1 if one was not made."""
    outcomes = rehearse(sys.argv[1] if len(sys.argv) > 1 else "small")
    for outcome in outcomes:
        print(f"{outcome.stack:9} {outcome.logical_id:26} {outcome.kind:44} {outcome.state}")  # noqa: T201
    unknown = [outcome for outcome in outcomes if outcome.state == UNKNOWN]
    failed = [outcome for outcome in outcomes if outcome.state not in {UNKNOWN, CALLED, "CREATE_COMPLETE"}]
    print(f"{len(outcomes) - len(unknown) - len(failed)} made, {len(unknown)} {UNKNOWN}, {len(failed)} failed")  # noqa: T201
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
