"""The rehearsal makes on moto's server what moto knows of the templates, and says what it does not."""

from __future__ import annotations

from collections import Counter

from deploy.bundles import ROOT
from deploy.rehearsal import CALLED, UNKNOWN, rehearse, without
from deploy.templates import load_templates


def test_the_templates_resources_are_made_as_far_as_moto_knows_them():
    outcomes = rehearse("country")
    states = Counter(outcome.state for outcome in outcomes)
    assert set(states) == {"CREATE_COMPLETE", CALLED, UNKNOWN}
    assert states[CALLED] >= 60
    assert states["CREATE_COMPLETE"] >= 130
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
