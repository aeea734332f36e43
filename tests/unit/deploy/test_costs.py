"""The costs' page is what templates, plan and prices give; nothing that is made goes uncounted without a reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.scale_plan import fill_page
from benchmarks.scale_prices import GIB, Assumptions
from deploy.costs.estimate import PAGE, SIZES, blocks, estimate, estimates, installation, main
from deploy.costs.oracle_licence import processors
from deploy.costs.price_list import load_prices
from deploy.costs.quantities import COUNTED, HOURS, Installation, quantities, root_values
from deploy.templates import FOLDER, load_templates

PRICES = load_prices()
BY_USE = {
    "AWS::ApiGatewayV2::Api": "by requests",
    "AWS::CloudFront::Distribution": "by what is read of the page",
    "AWS::CloudTrail::Trail": "the first is free; what it writes lies in the archive",
    "AWS::EC2::FlowLog": "by what it writes",
    "AWS::ECS::Cluster": "Container Insights, by its measures",
    "AWS::Logs::LogGroup": "by what is written",
    "AWS::Logs::MetricFilter": "by its measures",
    "AWS::S3::Bucket": "the lake is counted by what the nights write; the others hold little",
    "AWS::SNS::Topic": "some letters a month",
}
FREE_SERVICES = (
    "AWS::IAM::",
    "AWS::CloudFormation::",
    "AWS::ApplicationAutoScaling::",
    "AWS::Budgets::",
    "AWS::Lambda::",
)
FREE = {
    "Alias", "Application", "ApplicationVersion", "Authorizer", "BucketPolicy", "DBClusterParameterGroup",
    "DBParameterGroup", "DBSubnetGroup", "Integration", "InternetGateway", "Listener", "ListenerRule",
    "LoggingConfiguration", "OptionGroup", "OriginAccessControl", "ParameterGroup", "ResponseHeadersPolicy", "Route",
    "RotationSchedule", "RouteTable", "Rule", "SecretTargetAttachment", "SecurityGroup", "SecurityGroupEgress",
    "SecurityGroupIngress", "Service", "Stage", "Subnet", "SubnetGroup", "SubnetRouteTableAssociation", "TargetGroup",
    "TaskDefinition", "TopicPolicy", "User", "UserGroup", "VPC", "VPCGatewayAttachment", "VpcLink", "WebACLAssociation",
}  # fmt: skip
"""Kinds that AWS asks nothing for: descriptions of what is paid elsewhere."""
SAME = {
    "redis_node": "valkey/cache.r7g.4xlarge",
    "postgres_storage": "rds/gp3",
    "s3_storage": "s3/storage",
    "s3_put": "s3/put",
    "s3_get": "s3/get",
    "transfer": "zones",
}
"""What the plan for a country has a price of too, and the list's name of it."""
CACHE_GIB = {"cache.t4g.medium": 3.09, "cache.r7g.large": 13.07, "cache.r7g.4xlarge": 105.81}
USABLE = 0.75
"""Of a node's memory; the rest is reserved."""


def of(size: str, consumers: int, **values: str) -> Installation:
    found = installation(FOLDER / "parameters" / f"{size}.json", consumers)
    return Installation({**found.values, **values}, consumers, found.costs)


def test_the_page_is_current():
    """`python -m deploy.costs --write` writes it; it is never edited by hand."""
    text = PAGE.read_text("utf-8")
    assert fill_page(text, blocks(PRICES)) == text


def test_every_kind_of_resource_is_counted_or_left_out_for_a_reason():
    kinds = {body["Type"] for template in load_templates().values() for body in template["Resources"].values()}
    unknown = kinds - set(COUNTED) - set(BY_USE)
    assert {
        kind for kind in unknown if not kind.startswith(FREE_SERVICES) and kind.split("::")[-1] not in FREE
    } == set()
    assert set(COUNTED) | set(BY_USE) <= kinds


def test_every_price_is_used_and_says_where_it_is_from():
    used = {each.price for size, consumers in SIZES for each in quantities(of(size, consumers))}
    beside = {
        name for name in PRICES if name.startswith(("oracle/", "redis/")) or "request" in PRICES.prices[name].unit
    }
    assert set(PRICES) == used | beside | {"lambda/run", "logs"}
    for name, price in PRICES.prices.items():
        assert price.kind in {"found", "assumed"}, name
        assert price.source
        assert price.date


def test_the_plan_for_a_country_counts_by_the_same_prices():
    given = Assumptions()
    assert given.value("region") == PRICES.factor.expected
    assert {mine: given.value(mine) for mine in SAME} == {
        mine: PRICES.prices[name].price for mine, name in SAME.items()
    }


def test_a_part_counted_by_hand():
    found = estimate("small", of("small", 1_000_000), PRICES)
    assert found.parts["cache"].expected == pytest.approx(2 * HOURS * 0.052 * 1.5)
    two_machines = 2 * HOURS * 0.48 * 1.5
    assert found.parts["Base A"].expected == pytest.approx(two_machines + 2 * 100 * 0.115 * 1.5)
    three = 3 * HOURS * 0.168 * 1.5
    assert found.parts["Base B"].expected == pytest.approx(three + 3 * 100 * 0.115 * 1.5)


def test_a_budget_is_no_less_than_what_is_expected_and_no_more_than_the_most():
    """One that is exceeded from the first month on is read by nobody."""
    for each in estimates(PRICES):
        assert each.all.expected < float(each.of.value("MonthlyDollars")) < each.all.high, each.name


@pytest.mark.parametrize(("size", "consumers"), SIZES)
def test_a_size_holds_its_consumers(size, consumers):
    found = of(size, consumers)
    assert found.results_gb < float(found.value("MostGigabytes"))
    assert found.cache_bytes < USABLE * CACHE_GIB[found.value("CacheType")] * GIB


def test_what_is_left_out_costs_nothing():
    before = estimate("small", of("small", 1_000_000), PRICES)
    after = estimate("small", of("small", 1_000_000, BaseCKind="outside", Egress="none", MultiAz="false"), PRICES)
    assert "Base C" not in after.parts
    assert after.parts["network"].expected < before.parts["network"].expected
    assert after.parts["Base A"].expected == pytest.approx(before.parts["Base A"].expected / 2)


def test_a_licence_of_one_s_own_counts_both_machines():
    assert processors(of("small", 1)) == 0
    assert processors(of("country", 1)) == 32
    assert processors(of("country", 1, MultiAz="false")) == 16


def test_other_prices_stand_in_place_of_the_list_s(tmp_path: Path, monkeypatch, capsys):
    other = tmp_path / "ours.yaml"
    other.write_text(
        "factor: {expected: 1, low: 1, high: 1}\n"
        "prices: {nat: {price: 100, unit: hour, kind: found, date: 2026-11-23, source: bill, region: sa-east-1}}\n"
    )
    values = FOLDER / "parameters" / "small.json"
    monkeypatch.setattr("sys.argv", ["costs", "--values", str(values), "--prices", str(other)])
    main()
    assert "| network | 73,000 |" in capsys.readouterr().out


def test_what_has_no_price_is_named():
    with pytest.raises(LookupError, match=r"ec2/x9\.large"):
        estimate("small", of("small", 1, SystemTypes="x9.large"), PRICES)


def test_the_defaults_are_the_root_s():
    given = {each["ParameterKey"] for each in json.loads((FOLDER / "parameters" / "country.json").read_text())}
    assert root_values({"Mail": "x"})["Mail"] == "x"
    assert given <= set(root_values({}))
