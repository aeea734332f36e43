"""Resources that moto's CloudFormation does not know and moto's services do: made by a call to the service itself.

A call gets a resource's properties with all references filled in, and returns what others may refer to: the resource's
own name under the empty text, and its attributes.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

MakeClient: TypeAlias = Callable[[str], Any]
Properties: TypeAlias = dict[str, Any]
Made: TypeAlias = Mapping[str, str]
Call: TypeAlias = Callable[[MakeClient, Properties], Made]
NOTHING: Made = {}


def _plainly(service: str, operation: str, identifier: str = "", *, leave_out: tuple[str, ...] = ()) -> Call:
    """Return a call whose arguments are the properties themselves; ``identifier`` is the answer's name of it."""

    def call(client: MakeClient, properties: Properties) -> Made:
        given = {name: value for name, value in properties.items() if name not in leave_out}
        answer = getattr(client(service), operation)(**given)
        return {"": answer[identifier]} if identifier else NOTHING

    return call


def _open_way_out(client: MakeClient, rule: Properties) -> Made:
    permission = {
        "IpProtocol": rule["IpProtocol"],
        "FromPort": rule["FromPort"],
        "ToPort": rule["ToPort"],
        "UserIdGroupPairs": [{"GroupId": rule["DestinationSecurityGroupId"], "Description": rule["Description"]}],
    }
    client("ec2").authorize_security_group_egress(GroupId=rule["GroupId"], IpPermissions=[permission])
    return NOTHING


def _keep_secret(client: MakeClient, secret: Properties) -> Made:
    generated = secret["GenerateSecretString"]
    manager = client("secretsmanager")
    password = manager.get_random_password(
        PasswordLength=generated["PasswordLength"], ExcludePunctuation=generated["ExcludePunctuation"]
    )["RandomPassword"]
    text = password
    if "SecretStringTemplate" in generated:
        text = json.dumps({**json.loads(generated["SecretStringTemplate"]), generated["GenerateStringKey"]: password})
    made = manager.create_secret(Name=secret["Name"], Description=secret["Description"], SecretString=text)
    return {"": made["ARN"]}


def _turn_over(client: MakeClient, schedule: Properties) -> Made:
    rules = {"AutomaticallyAfterDays": schedule["RotationRules"]["AutomaticallyAfterDays"]}
    client("secretsmanager").rotate_secret(SecretId=schedule["SecretId"], RotationRules=rules)
    return NOTHING


def _count_lines(client: MakeClient, counter: Properties) -> Made:
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
    return NOTHING


def _let_into_bucket(client: MakeClient, policy: Properties) -> Made:
    client("s3").put_bucket_policy(Bucket=policy["Bucket"], Policy=json.dumps(policy["PolicyDocument"]))
    return NOTHING


def _let_into_topic(client: MakeClient, policy: Properties) -> Made:
    for topic in policy["Topics"]:
        document = json.dumps(policy["PolicyDocument"])
        client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document)
    return NOTHING


def _name_namespace(client: MakeClient, namespace: Properties) -> Made:
    names = client("servicediscovery")
    names.create_private_dns_namespace(Name=namespace["Name"], Vpc=namespace["Vpc"])
    (made,) = [each for each in names.list_namespaces()["Namespaces"] if each["Name"] == namespace["Name"]]
    return {"": made["Id"]}


def _name_service(client: MakeClient, service: Properties) -> Made:
    return {"": client("servicediscovery").create_service(**service)["Service"]["Id"]}


def _scale_by_clock(client: MakeClient, target: Properties) -> Made:
    scaling = client("application-autoscaling")
    place = {name: target[name] for name in ("ServiceNamespace", "ScalableDimension", "ResourceId")}
    bounds = {"MinCapacity": target["MinCapacity"], "MaxCapacity": target["MaxCapacity"], "RoleARN": target["RoleARN"]}
    scaling.register_scalable_target(**place, **bounds)
    for action in target["ScheduledActions"]:
        scaling.put_scheduled_action(**place, **action)
    return NOTHING


def _set_budget(client: MakeClient, budget: Properties) -> Made:
    limit = {**budget["Budget"]["BudgetLimit"], "Amount": str(budget["Budget"]["BudgetLimit"]["Amount"])}
    client("budgets").create_budget(
        AccountId="123456789012",
        Budget={**budget["Budget"], "BudgetLimit": limit},
        NotificationsWithSubscribers=budget["NotificationsWithSubscribers"],
    )
    return NOTHING


def _put_function(client: MakeClient, function: Properties) -> Made:
    """Make the function with code that does nothing, and its alias, as SAM's transform would."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("entry.py", "")
    functions = client("lambda")
    name = function["FunctionName"]
    same = ("Runtime", "Handler", "Role", "Description", "MemorySize", "Timeout", "Architectures")
    variables = {key: str(value) for key, value in function["Environment"]["Variables"].items()}
    functions.create_function(
        FunctionName=name,
        Code={"ZipFile": packed.getvalue()},
        VpcConfig=function["VpcConfig"],
        Environment={"Variables": variables},
        Publish=True,
        **{key: function[key] for key in same},
    )
    functions.put_function_concurrency(
        FunctionName=name, ReservedConcurrentExecutions=function["ReservedConcurrentExecutions"]
    )
    alias = functions.create_alias(FunctionName=name, Name=function["AutoPublishAlias"], FunctionVersion="1")
    return {"": name, "Alias": alias["AliasArn"]}


def _let_call(client: MakeClient, permission: Properties) -> Made:
    client("lambda").add_permission(StatementId="load-balancer", **permission)
    return NOTHING


def _make_firewall(client: MakeClient, firewall: Properties) -> Made:
    made = client("wafv2").create_web_acl(**firewall)["Summary"]
    return {"": made["Id"], "Arn": made["ARN"]}


def _log_firewall(client: MakeClient, logging: Properties) -> Made:
    client("wafv2").put_logging_configuration(LoggingConfiguration=logging)
    return NOTHING


def _make_origin_access(client: MakeClient, access: Properties) -> Made:
    made = client("cloudfront").create_origin_access_control(**access)["OriginAccessControl"]
    return {"": made["Id"], "Id": made["Id"]}


def _counted(value: Any) -> Any:
    """Return a distribution's properties as CloudFront's own interface has them: lists with their lengths."""
    if isinstance(value, list):
        return {"Quantity": len(value), "Items": [_counted(each) for each in value]}
    if isinstance(value, dict):
        return {key: _counted(each) for key, each in value.items()}
    return value


def _distribute(client: MakeClient, distribution: Properties) -> Made:
    config = _counted(distribution["DistributionConfig"])
    for origin in config["Origins"]["Items"]:
        if "CustomOriginConfig" in origin:
            origin["CustomOriginConfig"] |= {"HTTPPort": 80, "HTTPSPort": 443}
            origin["CustomOriginConfig"]["OriginSslProtocols"] = origin["CustomOriginConfig"].pop("OriginSSLProtocols")
    config["Restrictions"]["GeoRestriction"] |= config["Restrictions"]["GeoRestriction"].pop("Locations")
    made = client("cloudfront").create_distribution(DistributionConfig={**config, "CallerReference": "rehearsal"})
    return {"": made["Distribution"]["Id"], "DomainName": made["Distribution"]["DomainName"]}


def _make_trail(client: MakeClient, trail: Properties) -> Made:
    apart = ("TrailName", "IsLogging", "EventSelectors", "KMSKeyId")
    given = {name: value for name, value in trail.items() if name not in apart}
    client("cloudtrail").create_trail(Name=trail["TrailName"], KmsKeyId=trail["KMSKeyId"], **given)
    return NOTHING


def _group_options(client: MakeClient, options: Properties) -> Made:
    same = {name: value for name, value in options.items() if name != "OptionConfigurations"}
    client("rds").create_option_group(OptionGroupName="base-a", **same)
    return {"": "base-a"}


def _named(operation: str, name: str, value: str, *, service: str) -> Call:
    """Return a call for a resource to which CloudFormation would give a name of its own."""

    def call(client: MakeClient, properties: Properties) -> Made:
        getattr(client(service), operation)(**{name: value, **properties})
        return {"": value}

    return call


def _group_documents_settings(client: MakeClient, settings: Properties) -> Made:
    name = "base-c"
    client("docdb").create_db_cluster_parameter_group(
        DBClusterParameterGroupName=name,
        DBParameterGroupFamily=settings["Family"],
        Description=settings["Description"],
    )
    return {"": name}


def _make_user(client: MakeClient, user: Properties) -> Made:
    client("elasticache").create_user(**user)
    return {"": user["UserId"]}


def _group_cache_subnets(client: MakeClient, group: Properties) -> Made:
    client("elasticache").create_cache_subnet_group(
        CacheSubnetGroupName="cache", CacheSubnetGroupDescription=group["Description"], SubnetIds=group["SubnetIds"]
    )
    return {"": "cache"}


def _make_environment(client: MakeClient, environment: Properties) -> Made:
    options = [{**each, "Value": str(each["Value"])} for each in environment["OptionSettings"]]
    client("elasticbeanstalk").create_environment(**{**environment, "OptionSettings": options})
    return {"": environment["EnvironmentName"]}


def _make_application(client: MakeClient, application: Properties) -> Made:
    client("elasticbeanstalk").create_application(**application)
    return {"": application["ApplicationName"]}


CALLS: Mapping[str, Call] = {
    "AWS::ApiGatewayV2::Api": _plainly("apigatewayv2", "create_api", "ApiId"),
    "AWS::ApiGatewayV2::Authorizer": _plainly("apigatewayv2", "create_authorizer", "AuthorizerId"),
    "AWS::ApiGatewayV2::Integration": _plainly("apigatewayv2", "create_integration", "IntegrationId"),
    "AWS::ApiGatewayV2::Route": _plainly("apigatewayv2", "create_route", "RouteId"),
    "AWS::ApiGatewayV2::Stage": _plainly("apigatewayv2", "create_stage", "StageName"),
    "AWS::ApiGatewayV2::VpcLink": _plainly("apigatewayv2", "create_vpc_link", "VpcLinkId"),
    "AWS::ApplicationAutoScaling::ScalableTarget": _scale_by_clock,
    "AWS::Budgets::Budget": _set_budget,
    "AWS::CloudFront::Distribution": _distribute,
    "AWS::CloudFront::OriginAccessControl": _make_origin_access,
    "AWS::CloudTrail::Trail": _make_trail,
    "AWS::CloudWatch::Alarm": _plainly("cloudwatch", "put_metric_alarm"),
    "AWS::DocDB::DBClusterParameterGroup": _group_documents_settings,
    "AWS::DocDB::DBSubnetGroup": _named("create_db_subnet_group", "DBSubnetGroupName", "base-c", service="docdb"),
    "AWS::EC2::SecurityGroupEgress": _open_way_out,
    "AWS::ElastiCache::ReplicationGroup": _plainly("elasticache", "create_replication_group"),
    "AWS::ElastiCache::SubnetGroup": _group_cache_subnets,
    "AWS::ElastiCache::User": _make_user,
    "AWS::ElasticBeanstalk::Application": _make_application,
    "AWS::ElasticBeanstalk::Environment": _make_environment,
    "AWS::Lambda::Permission": _let_call,
    "AWS::Logs::MetricFilter": _count_lines,
    "AWS::RDS::OptionGroup": _group_options,
    "AWS::S3::BucketPolicy": _let_into_bucket,
    "AWS::SNS::TopicPolicy": _let_into_topic,
    "AWS::SecretsManager::RotationSchedule": _turn_over,
    "AWS::SecretsManager::Secret": _keep_secret,
    "AWS::Serverless::Function": _put_function,
    "AWS::ServiceDiscovery::PrivateDnsNamespace": _name_namespace,
    "AWS::ServiceDiscovery::Service": _name_service,
    "AWS::WAFv2::LoggingConfiguration": _log_firewall,
    "AWS::WAFv2::WebACL": _make_firewall,
    "AWS::WAFv2::WebACLAssociation": _plainly("wafv2", "associate_web_acl"),
}
