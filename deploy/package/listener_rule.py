"""The load balancer's rule of a system on Elastic Beanstalk, made by the environment itself.

Elastic Beanstalk's own rules of a shared load balancer ask for the environment's host name too, which the gateway does
not send, and their priorities are its own. This rule has what the template says: its paths and its place.
"""

from __future__ import annotations

import json

OPTIONS = "aws:elasticbeanstalk:customoption"
PATHS = ("Path1", "Path2", "Path3", "Path4", "Path5")
"""As many as a rule takes."""


def listener_rule() -> str:
    """Return the `.ebextensions` file; the template sets the options that it asks for."""
    rule = {
        "ListenerArn": _option("ListenerArn"),
        "Priority": _option("RulePriority"),
        "Conditions": [{"Field": "path-pattern", "Values": [_option(name) for name in PATHS]}],
        "Actions": [{"Type": "forward", "TargetGroupArn": {"Ref": "AWSEBV2LoadBalancerTargetGroup"}}],
    }
    kind = "AWS::ElasticLoadBalancingV2::ListenerRule"
    return json.dumps({"Resources": {"SystemRule": {"Type": kind, "Properties": rule}}}, indent=2) + "\n"


def _option(name: str) -> dict[str, dict[str, str]]:
    return {"Fn::GetOptionSetting": {"Namespace": OPTIONS, "OptionName": name}}
