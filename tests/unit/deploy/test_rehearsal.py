"""The rehearsal makes on moto's server what moto knows of the templates, and says what it does not."""

from __future__ import annotations

from collections import Counter

from deploy.package.bundles import ROOT
from deploy.rehearsal.rehearse import CALLED, FAILED, MADE, UNKNOWN, Outcome, is_failure, rehearse, without
from deploy.templates import Resolver, in_order, load_templates

NOT_IN_MOTO = {
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::DocDB::DBCluster",
    "AWS::DocDB::DBInstance",
    "AWS::ElastiCache::ParameterGroup",
    "AWS::ElastiCache::UserGroup",
    "AWS::ElasticBeanstalk::ApplicationVersion",
    "AWS::SecretsManager::SecretTargetAttachment",
}


def test_the_templates_resources_are_made_as_far_as_moto_knows_them():
    outcomes = rehearse("country")
    states = Counter(outcome.state for outcome in outcomes)
    assert not [outcome for outcome in outcomes if is_failure(outcome)]
    assert states[CALLED] >= 120
    assert states[MADE] >= 140
    assert {outcome.kind for outcome in outcomes if outcome.state == UNKNOWN} == NOT_IN_MOTO
    decision = (ROOT / "docs" / "decisions" / "0016-the-architecture-on-aws.md").read_text("utf-8")
    verified = (ROOT / "docs" / "reference" / "verified.md").read_text("utf-8")
    assert f"{len(outcomes) - states[UNKNOWN]} of {len(outcomes)} resources made on moto" in verified
    assert f"makes {len(outcomes) - states[UNKNOWN]} of the {len(outcomes)} resources" in decision
    assert f"the other {states[UNKNOWN]} it does not know" in decision
    made = {outcome.kind for outcome in outcomes if outcome.state != UNKNOWN}
    assert {"AWS::RDS::DBInstance", "AWS::EC2::VPCEndpoint", "AWS::ECS::Service", "AWS::CloudWatch::Alarm"} <= made
    told = {(outcome.stack, outcome.logical_id) for outcome in outcomes}
    conditional = {("BaseC", logical) for logical in load_templates()["base-c"]["Resources"]}
    assert conditional <= told


def test_what_refers_to_an_unknown_resource_gets_a_name_in_its_place():
    template = {
        "Resources": {
            "Gone": {"Type": "X"},
            "Kept": {
                "Type": "Y",
                "DependsOn": ["Gone"],
                "Properties": {"a": {"Ref": "Gone"}, "b": {"Fn::Sub": "x-${Gone.Arn}-${Kept}"}},
            },
        }
    }
    assert without(template, {"Gone"})["Resources"] == {
        "Kept": {"Type": "Y", "Properties": {"a": "gone", "b": {"Fn::Sub": "x-gone-arn-${Kept}"}}}
    }


def test_what_moto_knows_and_did_not_make_is_a_failure():
    states = (MADE, CALLED, UNKNOWN, f"{FAILED}: no such bucket", "CREATE_FAILED")
    assert [is_failure(Outcome("s", "l", "k", state)) for state in states] == [False, False, False, True, True]


def test_references_are_filled_in_and_what_a_condition_leaves_out_is_gone():
    template = {"Conditions": {"Has": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Size"}, "0"]}]}}}
    value = {
        "a": {"Fn::If": ["Has", {"Ref": "Thing"}, {"Ref": "AWS::NoValue"}]},
        "b": [{"Fn::Sub": "x-${Thing.Arn}-${Other}"}, {"Fn::If": ["Has", {"Ref": "AWS::NoValue"}, 1]}],
        "c": {"Fn::Join": [",", ["p", {"Fn::GetAtt": ["Thing", "Arn"]}]]},
    }
    names = {"Size": 3, "Thing": "t", "Thing.Arn": "arn"}
    assert Resolver(template, names).resolved(value) == {"a": "t", "b": ["x-arn-other"], "c": "p,arn"}
    assert Resolver(template, names | {"Size": 0}).resolved(value) == {"b": ["x-arn-other", 1], "c": "p,arn"}
    assert in_order({"A": {"Ref": "B"}, "B": {"Fn::Sub": "${C.Arn}"}, "C": {}}) == ["C", "B", "A"]
