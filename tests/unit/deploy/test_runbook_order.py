"""The runbook's calls, one after another, against what the templates made on moto's server, as far as it knows them."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any
from urllib.request import Request, urlopen

import jmespath
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from deploy.rehearsal.rehearse import Rehearsal, known_kinds, moto_clients, sample_values
from tests.aws_commands import AwsCommand, commands_in
from tests.documented.blocks import SHELL, blocks_of
from tests.documented.shell import commands_of

PAGE = "docs/how-to/operate-on-aws.md"
NOT_ON_MOTO = {
    "ecs register-task-definition": "takes what jq makes of the answer before",
    "ecs run-task": "moto adds up the containers' memory, which these leave to the task, and fails",
    "elasticbeanstalk restart-app-server": "not implemented",
    "elasticache modify-user": "not implemented",
    "secretsmanager get-secret-value": "a secret whose rotation moto was told of has no value in force there",
    "rds delete-db-instance": "moto does not find a replica's source that has another name by now",
    "docdb restore-db-cluster-to-point-in-time": "the cluster is not made there",
}
"""Calls of the page that moto does not take, and why."""
_SET = re.compile(r"^\s*(\w+)=\$\(aws ")
pytestmark = pytest.mark.long


def commands() -> list[tuple[str | None, AwsCommand]]:
    """Return the page's commands in order, each with the variable that it sets."""
    shells = [block for block in blocks_of(PAGE) if block.tag in SHELL]
    texts = [command.text for block in shells for command in commands_of(block.body) if "aws " in command.text]
    return [
        (found[1] if (found := _SET.match(text)) else None, each)
        for text in texts
        for each in commands_in(text)
        if not each.is_own
    ]


def filled(value: Any, known: Mapping[str, str]) -> Any:
    """Return a parameter with the shell's variables in it."""
    if isinstance(value, dict):
        return {key: filled(each, known) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, known) for each in value]
    return re.sub(r"\$(\w+)", lambda found: known.get(found[1], found[0]), value) if isinstance(value, str) else value


def test_the_runbook_s_calls_follow_one_another():
    refused: dict[str, str] = {}
    known: dict[str, str] = {"name": "results-engine"}
    with warnings.catch_warnings(), moto_clients() as client:
        warnings.simplefilter("ignore")
        forget(client)
        values = sample_values("small")
        values["CertificateArn"] = client("acm").request_certificate(DomainName=values["HostName"])["CertificateArn"]
        Rehearsal(client, known_kinds()).run(values)
        before = instances(client)
        for variable, command in commands():
            try:
                call = getattr(client(command.service), xform_name(command.model.name))
                answer = call(**filled(command.parameters(), known))
            except (ClientError, ParamValidationError, ResponseParserError) as refusal:
                if command.words != ("db-instance-deleted",):
                    refused[f"{command.service} {command.operation}"] = str(refusal)
                continue
            if variable:
                known[variable] = str(jmespath.search(command.options["query"][0], answer))
        after = instances(client)
        forget(client)
    assert set(refused) == set(NOT_ON_MOTO), refused
    assert set(after) == set(before) | {"escore-results-old"}
    for key in ("DBSubnetGroup", "Engine"):
        assert after["escore-results"][key] == before["escore-results"][key]
    assert after["escore-results-replica"]["ReadReplicaSourceDBInstanceIdentifier"] == "escore-results"


def forget(client: Any) -> None:
    """Have moto forget what was made: its servers in one process know the same."""
    reset = Request(f"{client('rds').meta.endpoint_url}/moto-api/reset", method="POST")
    with urlopen(reset) as answer:
        assert answer.status == 200


def instances(client: Any) -> dict[str, Any]:
    return {each["DBInstanceIdentifier"]: each for each in client("rds").describe_db_instances()["DBInstances"]}
