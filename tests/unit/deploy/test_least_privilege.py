"""No statement of a policy says `*` without a written reason, and nobody but AWS's own services is let in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from deploy.templates import load_templates, walk
from stores.cache_rights import CACHE_USERS

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
        part["Ref"]
        for name, role, statement in statements()
        if (name, role) == (template, logical) and "secretsmanager:GetSecretValue" in listed(statement["Action"])
        for part in walk(statement["Resource"])
        if isinstance(part, dict) and "Ref" in part and part["Ref"] != "AWS::NoValue"
    }


def test_each_reads_the_secrets_of_its_own_store_and_no_owner_s():
    shared = {"ResultsApiArn", "CacheApiArn", "CacheKeysArn"}
    engine = {"ResultsEngineArn", "CacheKeysArn", "DaskSeedArn"}
    readers = {"BaseAReaderArn", "BaseBReaderArn", "BaseCReaderArn"}
    assert secrets_of("systems", "RoleA") == {"BaseAReaderArn"} | shared
    assert secrets_of("systems", "RoleB") == {"BaseBReaderArn"} | shared
    assert secrets_of("system-c", "Role") == {"BaseCReaderArn"} | shared
    assert secrets_of("workers", "RunStart") == readers | engine | {"CacheEngineArn", "PrefectKeyArn"}
    assert secrets_of("workers", "RangeStart") == readers | engine
    assert secrets_of("workers", "SchedulerStart") == {"DaskSeedArn"}
    owners = {"BaseAOwnerArn", "BaseBOwnerArn", "BaseCOwnerArn", "ResultsOwnerArn"}
    assert secrets_of("tasks", "MigrateStart") == owners
    assert secrets_of("tasks", "ArchiveStart") == {"ResultsAuditorArn"}


def test_the_administrators_logins_are_given_to_the_task_that_makes_the_roles_alone():
    given = [
        logical
        for template, logical, statement in statements()
        if template != "logins" and "MasterSecretArn" in str(statement.get("Resource"))
    ]
    assert given == ["RolesStart"]
    assert "TaskRoleArn" not in TEMPLATES["tasks"]["Resources"]["RolesTask"]["Properties"]


def test_the_cache_s_users_have_the_rights_of_the_engine_and_of_the_api():
    resources = TEMPLATES["cache"]["Resources"]
    users = {
        body["Properties"]["UserName"]: body["Properties"] for body in resources.values() if "AccessString" in str(body)
    }
    assert {name: user["AccessString"] for name, user in users.items() if name != "default"} == {
        name: f"on {rules}" for name, rules in CACHE_USERS.items()
    }
    assert users["default"]["AccessString"] == "off resetkeys resetchannels -@all"
    assert {each["Ref"] for each in resources["Users"]["Properties"]["UserIds"]} == {
        "NobodyUser",
        "EngineUser",
        "ApiUser",
    }
    assert resources["Store"]["Properties"]["UserGroupIds"] == [{"Ref": "Users"}]


def test_the_lake_s_users_cannot_touch_the_archive():
    for template, logical, statement in statements():
        if (
            "ArchiveArn" in str(statement.get("Resource"))
            and statement["Effect"] == "Allow"
            and "Principal" not in statement
        ):
            assert logical == "ArchiveRole", template
            assert listed(statement["Action"]) == ["s3:PutObject"]
