"""No statement of a policy says `*` without a written reason, and nobody but AWS's own services is let in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from deploy.templates import load_templates, walk

TEMPLATES = load_templates()
DOCUMENTS = ("PolicyDocument", "AssumeRolePolicyDocument", "KeyPolicy")
SCOPED_BY_CONDITION = {"kms:Decrypt", "kms:GenerateDataKey"}


def statements() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield every statement with its template and its resource."""
    for name, template in TEMPLATES.items():
        for logical, body in template["Resources"].items():
            for part in walk(body.get("Properties", {})):
                if isinstance(part, dict):
                    for document in DOCUMENTS:
                        if document in part:
                            for statement in part[document]["Statement"]:
                                yield name, logical, statement


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def is_wild(statement: dict[str, Any]) -> bool:
    actions = [action for action in listed(statement["Action"]) if "*" in action]
    resources = [resource for resource in listed(statement.get("Resource", [])) if resource == "*"]
    return bool(actions or resources)


def reasons(template: str, logical: str) -> dict[str, str]:
    found: dict[str, str] = TEMPLATES[template]["Resources"][logical].get("Metadata", {}).get("Wildcards", {})
    return found


@pytest.mark.parametrize(("template", "logical", "statement"), list(statements()), ids=lambda part: str(part)[:30])
def test_a_wildcard_has_its_reason(template, logical, statement):
    assert statement["Sid"]
    assert is_wild(statement) == (statement["Sid"] in reasons(template, logical)), statement
    assert all(len(reason) > 30 for reason in reasons(template, logical).values())


def test_no_reason_speaks_of_a_statement_that_is_gone():
    sids = {(template, logical, statement["Sid"]) for template, logical, statement in statements()}
    for template, body in TEMPLATES.items():
        for logical in body["Resources"]:
            assert all((template, logical, sid) in sids for sid in reasons(template, logical))


def test_a_planted_wildcard_is_found():
    assert is_wild({"Sid": "x", "Action": "s3:*", "Resource": "arn:aws:s3:::b"})
    assert is_wild({"Sid": "x", "Action": ["s3:GetObject"], "Resource": ["*"]})
    assert not is_wild({"Sid": "x", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::b/*"})


def test_who_may_take_a_role_or_use_a_key_is_a_service_or_the_account_itself():
    for template, logical, statement in statements():
        principal = statement.get("Principal")
        if principal is None:
            continue
        if statement["Effect"] == "Deny":
            assert principal == "*"
        elif "AWS" in principal:
            assert principal["AWS"] == {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}, logical
        else:
            assert set(principal) == {"Service"}, f"{template}: {logical}"


def test_a_key_is_used_through_one_service_alone():
    for _, logical, statement in statements():
        actions = set(listed(statement["Action"]))
        if actions <= SCOPED_BY_CONDITION and "Principal" not in statement:
            assert "kms:ViaService" in statement["Condition"]["StringEquals"], logical


def secrets_of(template: str, logical: str) -> set[str]:
    return {
        resource["Ref"]
        for name, role, statement in statements()
        if (name, role) == (template, logical) and "secretsmanager:GetSecretValue" in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }


def test_each_reads_the_secrets_of_its_own_store_and_no_owner_s():
    shared = {"ResultsEngineArn", "CacheTokenArn", "CacheKeyArn"}
    readers = {"BaseAReaderArn", "BaseBReaderArn", "BaseCReaderArn"}
    assert secrets_of("systems", "RoleA") == {"BaseAReaderArn"} | shared
    assert secrets_of("systems", "RoleB") == {"BaseBReaderArn"} | shared
    assert secrets_of("system-c", "Role") == {"BaseCReaderArn"} | shared
    assert secrets_of("workers", "RunStart") == readers | shared
    assert secrets_of("workers", "RangeStart") == readers
    assert secrets_of("workers", "SchedulerStart") == set()
    owners = {"BaseAOwnerArn", "BaseBOwnerArn", "BaseCOwnerArn", "ResultsOwnerArn"}
    assert secrets_of("workers", "MigrateStart") == owners


def test_the_lake_s_users_cannot_touch_the_archive():
    for template, logical, statement in statements():
        if (
            "ArchiveArn" in str(statement.get("Resource"))
            and statement["Effect"] == "Allow"
            and "Principal" not in statement
        ):
            assert logical == "ArchiveRole", template
            assert listed(statement["Action"]) == ["s3:PutObject"]
