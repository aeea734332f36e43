"""Resources that moto's CloudFormation does not know and moto's services do: made by a call to the service itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

MakeClient: TypeAlias = Callable[[str], Any]
_PLACE = re.compile(r"\$\{([^}]+)\}")


def resolved(value: Any, names: Mapping[str, str]) -> Any:
    """Return a property with its references filled in; what has no name keeps that of its place."""
    if isinstance(value, list):
        return [resolved(each, names) for each in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return names.get(value["Ref"], value["Ref"].lower())
    if "Fn::GetAtt" in value:
        return "-".join(value["Fn::GetAtt"]).lower()
    if "Fn::Sub" in value:
        return _PLACE.sub(lambda place: names.get(place[1], place[1].lower()), value["Fn::Sub"])
    return {key: resolved(each, names) for key, each in value.items()}


def _open_way_out(client: MakeClient, rule: dict[str, Any]) -> None:
    permission = {
        "IpProtocol": rule["IpProtocol"],
        "FromPort": rule["FromPort"],
        "ToPort": rule["ToPort"],
        "UserIdGroupPairs": [{"GroupId": rule["DestinationSecurityGroupId"], "Description": rule["Description"]}],
    }
    client("ec2").authorize_security_group_egress(GroupId=rule["GroupId"], IpPermissions=[permission])


def _set_alarm(client: MakeClient, alarm: dict[str, Any]) -> None:
    client("cloudwatch").put_metric_alarm(**alarm)


def _keep_secret(client: MakeClient, secret: dict[str, Any]) -> None:
    generated = secret["GenerateSecretString"]
    manager = client("secretsmanager")
    password = manager.get_random_password(
        PasswordLength=generated["PasswordLength"], ExcludePunctuation=generated["ExcludePunctuation"]
    )["RandomPassword"]
    text = password
    if "SecretStringTemplate" in generated:
        text = json.dumps({**json.loads(generated["SecretStringTemplate"]), generated["GenerateStringKey"]: password})
    manager.create_secret(Name=secret["Name"], Description=secret["Description"], SecretString=text)


def _count_lines(client: MakeClient, counter: dict[str, Any]) -> None:
    (told,) = counter["MetricTransformations"]
    transformation = {
        "metricNamespace": told["MetricNamespace"],
        "metricName": told["MetricName"],
        "metricValue": told["MetricValue"],
        "defaultValue": float(told["DefaultValue"]),
    }
    client("logs").put_metric_filter(
        logGroupName=counter["LogGroupName"],
        filterName=told["MetricName"],
        filterPattern=counter["FilterPattern"],
        metricTransformations=[transformation],
    )


CALLS: Mapping[str, Callable[[MakeClient, dict[str, Any]], None]] = {
    "AWS::CloudWatch::Alarm": _set_alarm,
    "AWS::EC2::SecurityGroupEgress": _open_way_out,
    "AWS::Logs::MetricFilter": _count_lines,
    "AWS::SecretsManager::Secret": _keep_secret,
}
