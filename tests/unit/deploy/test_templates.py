"""The templates are CloudFormation's, hold no secret, and fit together."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deploy.templates import FOLDER, ROOT_TEMPLATE, load_template, load_templates, nested_order, template_files, walk

ROOT = Path(__file__).parents[3]
CFN_LINT = str(Path(sys.executable).with_name("cfn-lint"))
CHECKOV = ROOT / ".venv" / "checks" / "bin" / "checkov"
TEMPLATES = load_templates()
REGIONS = ("sa-east-1", "us-east-1")
PERMITTED_SIZES = ("small", "medium", "country")
LONGEST = 51_200
"""Bytes of a template that CloudFormation takes without a bucket."""


def test_cfn_lint_finds_nothing():
    done = subprocess.run(
        [CFN_LINT, *map(str, template_files()), "--regions", *REGIONS],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_cfn_lint_would_find_something(tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text((FOLDER / "cache.yaml").read_text().replace("NumNodeGroups: 1", "NumNodeGroup: 1"))
    done = subprocess.run([CFN_LINT, str(broken)], capture_output=True, text=True, check=False)
    assert done.returncode
    assert "NumNodeGroup" in done.stdout


@pytest.mark.parametrize("file", template_files(), ids=lambda file: file.stem)
def test_a_template_uses_no_yaml_that_cloudformation_does_not_read(file):
    text = file.read_text("utf-8")
    events = [event for event in yaml.parse(text) if getattr(event, "anchor", None)]
    assert events == []  # neither anchors nor aliases, hence no merges
    assert len(text.encode()) <= LONGEST


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_parameter_is_described_and_used(name):
    template = TEMPLATES[name]
    text = (FOLDER / f"{name}.yaml").read_text("utf-8")
    for parameter, body in template.get("Parameters", {}).items():
        assert body["Description"], parameter
        used = rf"!Ref {parameter}\b|\$\{{{parameter}\}}"
        assert re.search(used, text), f"{name}: {parameter} is not used"


@pytest.mark.parametrize("logical", nested_order(TEMPLATES[ROOT_TEMPLATE]))
def test_the_root_hands_each_stack_what_it_asks_for(logical):
    properties = TEMPLATES[ROOT_TEMPLATE]["Resources"][logical]["Properties"]
    nested = TEMPLATES[Path(properties["TemplateURL"]).stem]
    asked = nested["Parameters"]
    given = properties["Parameters"]
    assert set(given) <= set(asked)
    assert {name for name, body in asked.items() if "Default" not in body} <= set(given)
    for part in walk(properties):
        if isinstance(part, dict) and "Fn::GetAtt" in part:
            stack, output = part["Fn::GetAtt"]
            other = TEMPLATES[ROOT_TEMPLATE]["Resources"][stack]["Properties"]["TemplateURL"]
            assert output.removeprefix("Outputs.") in TEMPLATES[Path(other).stem]["Outputs"], output


@pytest.mark.parametrize("size", PERMITTED_SIZES)
def test_the_values_of_a_size_are_values_of_the_root(size):
    parameters = TEMPLATES[ROOT_TEMPLATE]["Parameters"]
    given = {
        each["ParameterKey"]: each["ParameterValue"]
        for each in json.loads((FOLDER / "parameters" / f"{size}.json").read_text())
    }
    assert set(given) <= set(parameters)
    assert {name for name, body in parameters.items() if "Default" not in body} <= set(given)
    for name, value in given.items():
        assert value in parameters[name].get("AllowedValues", [value]), name
        assert parameters[name]["Type"] != "Number" or float(value) > 0


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_template_holds_a_password(name):
    for part in walk(TEMPLATES[name]):
        if isinstance(part, dict):
            for key, value in part.items():
                if key in {"MasterUserPassword", "AuthToken"}:
                    assert "{{resolve:secretsmanager:" in value["Fn::Sub"]
                assert not (isinstance(value, str) and re.search(r"://[^/{]*:[^/{]+@", value)), key


def test_what_holds_data_outlives_its_stack_or_leaves_a_copy():
    keeps = {
        "AWS::RDS::DBInstance": {"Snapshot"},
        "AWS::DocDB::DBCluster": {"Snapshot"},
        "AWS::S3::Bucket": {"Retain"},
        "AWS::KMS::Key": {"Retain"},
        "AWS::SecretsManager::Secret": {"Retain"},
        "AWS::Logs::LogGroup": {"Retain"},
    }
    for name, template in TEMPLATES.items():
        for logical, body in template["Resources"].items():
            if body["Type"] in keeps and not logical.endswith("Replica"):
                for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
                    assert body.get(policy) in keeps[body["Type"]], f"{name}: {logical}"


def test_no_log_group_keeps_its_lines_in_clear_or_for_ever():
    for name, template in TEMPLATES.items():
        for logical, body in template["Resources"].items():
            if body["Type"] == "AWS::Logs::LogGroup":
                assert {"KmsKeyId", "RetentionInDays"} <= set(body["Properties"]), f"{name}: {logical}"


def test_no_log_of_access_tells_a_path_or_a_query():
    stage = load_template(FOLDER / "gateway.yaml")["Resources"]["Stage"]["Properties"]
    told = set(re.findall(r"\$context\.([\w.]+)", stage["AccessLogSettings"]["Format"]))
    assert "routeKey" in told
    assert not {"path", "rawQueryString", "customDomain.basePathMatched", "identity.sourceIp"} & told
    fields = TEMPLATES["systems"]["Resources"]["FirewallLogging"]["Properties"]["RedactedFields"]
    assert {"UriPath": {}} in fields
    assert {"QueryString": {}} in fields
    balancer = TEMPLATES["systems"]["Resources"]["Balancer"]["Properties"]["LoadBalancerAttributes"]
    assert not [each for each in balancer if each["Key"].startswith("access_logs")]
    assert "Logging" not in TEMPLATES["page"]["Resources"]["Page"]["Properties"]["DistributionConfig"]


def test_the_firewall_samples_no_requests():
    firewall = TEMPLATES["systems"]["Resources"]["Firewall"]["Properties"]
    for part in walk(firewall):
        if isinstance(part, dict) and "SampledRequestsEnabled" in part:
            assert part["SampledRequestsEnabled"] is False


def test_checkov_finds_nothing_and_every_exception_says_why():
    assert CHECKOV.exists(), "run scripts/install-checks"
    done = subprocess.run(
        [str(CHECKOV), "-d", str(FOLDER), "--framework", "cloudformation", "--skip-download", "-o", "json"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
    )
    assert done.stdout, done.stderr[-2000:]
    found = json.loads(done.stdout)
    failed = [f"{each['check_id']} {each['resource']}" for each in found["results"]["failed_checks"]]
    assert failed == []
    assert found["summary"]["parsing_errors"] == 0
    assert found["summary"]["passed"] > 400
    reasons = [
        skip["comment"]
        for template in TEMPLATES.values()
        for body in template["Resources"].values()
        for skip in body.get("Metadata", {}).get("checkov", {}).get("skip", [])
    ]
    assert len(reasons) >= len(found["results"]["skipped_checks"])
    assert all(len(reason) > 20 for reason in reasons)
