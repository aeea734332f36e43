"""A deployment in rehearsal: ``python -m deploy.rehearsal`` makes the templates' resources on moto's server.

Nested stacks are made one after another, each with what the ones before put out. moto does not know every kind of
resource; those it does not know are listed, and what refers to them gets a name in their place. Nothing leaves this
machine: the server listens on loopback, and the keys are made up.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from deploy.rehearsal.calls import CALLS, MakeClient
from deploy.templates import (
    FOLDER,
    PLACE,
    ROOT_TEMPLATE,
    Resolver,
    Template,
    in_order,
    load_template,
    load_templates,
    named_in,
    nested_order,
)

REGION = "sa-east-1"
UNKNOWN = "unknown to moto"
FAILED = "FAILED"
MADE = "CREATE_COMPLETE"
CALLED = "MADE_BY_ITS_SERVICE"
"""moto's CloudFormation does not know the kind, and the service itself does."""
UNKNOWN_ATTRIBUTES = {"MasterUserSecret.SecretArn", "DbiResourceId"}
"""What moto's resources do not tell; a name stands in its place, as for ``Fn::Cidr``, which moto does not work out."""
FIXED = {
    "AWS::Region": REGION,
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}
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
        outside = Resolver(root, given)
        stacks = [name for name in nested_order(root) if outside.holds(root["Resources"][name].get("Condition"))]
        return [outcome for name in stacks for outcome in self._make(name, root["Resources"][name], outside)]

    def _make(self, name: str, stack: Template, outside: Resolver) -> list[Outcome]:
        template = load_template(FOLDER / stack["Properties"]["TemplateURL"])
        given = {key: str(outside.resolved(value)) for key, value in stack["Properties"]["Parameters"].items()}
        inside = Resolver(template, FIXED | _typed(template, given))
        bodies = {each: body for each, body in template["Resources"].items() if inside.holds(body.get("Condition"))}
        unknown = {each: body for each, body in bodies.items() if body["Type"] not in self._knows}
        try:
            made = self._make_stack(
                name, without(template, set(template["Resources"]) - (set(bodies) - set(unknown))), given
            )
        except ClientError as error:
            failure = _failure(error)
            return [Outcome(name, each, body["Type"], failure) for each, body in sorted(bodies.items())]
        for each in made:
            logical = each["LogicalResourceId"]
            inside.names[logical] = each["PhysicalResourceId"]
            inside.names |= _attributes(logical, bodies[logical], each["PhysicalResourceId"], inside)
        outcomes = [
            Outcome(name, each["LogicalResourceId"], bodies[each["LogicalResourceId"]]["Type"], each["ResourceStatus"])
            for each in made
        ]
        for logical in in_order(unknown):
            kind = unknown[logical]["Type"]
            outcomes.append(Outcome(name, logical, kind, self._call(kind, logical, unknown[logical], inside)))
        self._hand_out(name, template, set(unknown), inside, outside)
        return sorted(outcomes)

    def _make_stack(self, name: str, template: Template, given: Mapping[str, str]) -> list[dict[str, Any]]:
        """Make what CloudFormation knows here; return its resources."""
        self._client.create_stack(
            StackName=name,
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        (stack,) = self._client.describe_stacks(StackName=name)["Stacks"]
        self._outputs[name] = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
        made: list[dict[str, Any]] = self._client.list_stack_resources(StackName=name)["StackResourceSummaries"]
        return made

    def _call(self, kind: str, logical: str, body: Template, inside: Resolver) -> str:
        """Return what became of a resource that CloudFormation does not know here."""
        if kind not in CALLS:
            return UNKNOWN
        try:
            made = CALLS[kind](self._service, inside.resolved(body["Properties"]))
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            return UNKNOWN if _is_unknown(error) else _failure(error)
        inside.names |= {f"{logical}.{attribute}" if attribute else logical: value for attribute, value in made.items()}
        return CALLED

    def _hand_out(self, name: str, template: Template, unknown: set[str], inside: Resolver, outside: Resolver) -> None:
        """Give the root what a stack puts out: CloudFormation's own word, or what a service answered."""
        for output, body in template.get("Outputs", {}).items():
            told = self._outputs[name].get(output)
            by_service = told is None or unknown & set(named_in(body))
            outside.names[f"{name}.Outputs.{output}"] = inside.resolved(body["Value"]) if by_service else told


def _typed(template: Template, given: Mapping[str, str]) -> dict[str, Any]:
    """Return a stack's parameters as what they are: lists and numbers come as texts."""
    found: dict[str, Any] = {}
    for name, body in template["Parameters"].items():
        value = given.get(name, str(body.get("Default", "")))
        if "List" in body["Type"]:
            found[name] = value.split(",")
        else:
            found[name] = int(value) if body["Type"] == "Number" else value
    return found


def _attributes(logical: str, body: Template, made: str, inside: Resolver) -> dict[str, str]:
    """Return those attributes of a resource that others refer to, and that follow from its name."""
    if body["Type"] == "AWS::S3::Bucket":
        return {
            f"{logical}.Arn": f"arn:aws:s3:::{made}",
            f"{logical}.RegionalDomainName": f"{made}.s3.{REGION}.amazonaws.com",
        }
    if body["Type"] == "AWS::IAM::Role":
        return {f"{logical}.Arn": f"arn:aws:iam::{FIXED['AWS::AccountId']}:role/{made}"}
    return {f"{logical}.Name": inside.resolved(body.get("Properties", {}).get("ServiceName", made))}


def _is_unknown(error: Exception) -> bool:
    """Return whether moto's service does not know what it was asked for."""
    told = getattr(error, "response", {})
    status = told.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status in (404, 501) and told.get("Error", {}).get("Code") in (
        "404",
        "501",
        "NotImplemented",
        "Not yet implemented",
        "InternalFailure",
    )


def _failure(error: Exception) -> str:
    return f"{FAILED}: {' '.join(str(error).split())[:200]}"


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
        return {"Fn::Sub": PLACE.sub(lambda place: _filled(place, gone), value["Fn::Sub"])}
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


def is_failure(outcome: Outcome) -> bool:
    """Return whether moto knows the resource's kind and did not make it."""
    return outcome.state not in {UNKNOWN, CALLED, MADE}


def main() -> None:
    """Rehearse one size and print every resource with its state; exit code 1 if one was not made."""
    sizes = sorted(file.stem for file in (FOLDER / "parameters").glob("*.json"))
    parser = argparse.ArgumentParser(
        prog="python -m deploy.rehearsal",
        description="Make the templates' resources on moto's server, here, and print each with its state.",
        epilog="example: python -m deploy.rehearsal country",
    )
    parser.add_argument("size", nargs="?", default="small", choices=sizes, help="whose parameters; default: small")
    outcomes = rehearse(parser.parse_args().size)
    for outcome in outcomes:
        print(f"{outcome.stack:9} {outcome.logical_id:26} {outcome.kind:44} {outcome.state}")  # noqa: T201
    unknown = [outcome for outcome in outcomes if outcome.state == UNKNOWN]
    failed = [outcome for outcome in outcomes if is_failure(outcome)]
    for kind, number in sorted(Counter(outcome.kind for outcome in unknown).items()):
        print(f"{UNKNOWN}: {number} {kind}")  # noqa: T201
    print(f"{len(outcomes) - len(unknown) - len(failed)} made, {len(unknown)} {UNKNOWN}, {len(failed)} failed")  # noqa: T201
    sys.exit(1 if failed else 0)
