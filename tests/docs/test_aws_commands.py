"""Every `aws` command of the pages is one that AWS's own descriptions of its services know, of names that are made."""

from __future__ import annotations

import re

import jmespath
import pytest

from deploy.templates import FOLDER, load_template, template_files
from tests.aws_commands import AwsCommand, NotACommandError, commands_in, judge
from tests.documented.blocks import ROOT, SHELL, blocks_of, pages
from tests.documented.shell import commands_of

INLINE = re.compile(r"`(aws [a-z0-9-]+ [a-z][a-z-]+[^`]*)`")
PAGES = ("docs/how-to/deploy-on-aws.md", "docs/how-to/operate-on-aws.md")
MADE_LATER = {"escore-results-restored", "escore-results-old", "escore-base-c-restored"}
"""Names that the runbook gives itself."""
NAME = re.compile(r"(?<![\w./:@-])(?:escore[-/]|/escore/|/aws/[a-z]+/escore)[a-z0-9/.-]*")


def shown() -> list[tuple[str, AwsCommand]]:
    found = []
    for page in pages():
        for block in blocks_of(page):
            if block.tag in SHELL:
                for command in commands_of(block.body):
                    if re.search(r"\baws [a-z]", command.text):
                        found += [(f"{page}:{block.line + command.line}", each) for each in commands_in(command.text)]
    return found


SHOWN = shown()


@pytest.mark.parametrize(("place", "command"), SHOWN, ids=[f"{place} {c.service} {c.operation}" for place, c in SHOWN])
def test_a_command_is_one_that_aws_describes(place: str, command: AwsCommand):
    judge(command)
    for query in command.options.get("query", []):
        jmespath.compile(query)


def test_commands_were_found_on_the_pages_that_are_about_aws():
    assert {place.rpartition(":")[0] for place, _ in SHOWN} >= set(PAGES)
    assert len(SHOWN) > 30


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("aws rds fly", "has no fly"),
        ("aws rsd describe-db-instances", "no service rsd"),
        ("aws rds wait db-instance-here --db-instance-identifier x", "cannot wait"),
        ("aws rds describe-db-instances --db-instance x", "has no --db-instance"),
        ("aws rds delete-db-instance --skip-final-snapshot", "DBInstanceIdentifier"),
        ("aws rds delete-db-instance --db-instance-identifier x --skip-final-snapshot yes", "is a switch"),
        ("aws ecs update-service --service x --desired-count", "asks for a value"),
        ("aws ecs run-task --task-definition x --launch-type FARGAET", "one of"),
        ("aws ecs run-task --task-definition x --overrides '{\"containerOverride\": []}'", "containerOverride"),
        ("X=$(aws rds modify-db-instance --apply-immediately)", "DBInstanceIdentifier"),
        ("aws s3 sync a b --remove", "has no"),
    ],
)
def test_a_command_that_aws_would_refuse_is_told(text: str, told: str):
    [command] = commands_in(text)
    with pytest.raises(NotACommandError, match=told):
        judge(command)


def test_commands_that_the_prose_names_exist():
    for page in PAGES:
        text = (ROOT / page).read_text("utf-8")
        for inline in INLINE.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
            [command] = commands_in(inline)
            if not command.is_own:
                assert command.model.name


def made_names() -> set[str]:
    """Return the names that the templates give, with the parameter's default in its place."""
    texts = [file.read_text("utf-8") for file in template_files()]
    named = {name for text in texts for name in re.findall(r'"([^"\n]*\$\{Name\}[^"\n]*)"', text)}
    return {"escore"} | {name.replace("${Name}", "escore") for name in named}


def test_every_name_in_a_command_is_one_that_the_templates_give():
    made = made_names() | MADE_LATER
    unknown = {
        (place, name)
        for place, command in SHOWN
        for words in (*command.options.values(), command.words)
        for word in words
        if not word.startswith(("s3://", "file://", "escore:"))
        for name in NAME.findall(word)
        if name not in made and "$" not in word
    }
    assert unknown == set()


def test_a_task_s_command_is_given_to_a_container_that_the_task_has():
    tasks = {}
    for name in ("workers", "tasks"):
        for body in load_template(FOLDER / f"{name}.yaml")["Resources"].values():
            if body["Type"] == "AWS::ECS::TaskDefinition":
                family = body["Properties"]["Family"]["Fn::Sub"].replace("${Name}", "escore")
                tasks[family] = {each["Name"] for each in body["Properties"]["ContainerDefinitions"]}
    asked = [command.parameters() for _, command in SHOWN if command.operation == "run-task"]
    assert len(asked) > 5
    for sent in asked:
        named = {each["name"] for each in sent.get("overrides", {}).get("containerOverrides", [])}
        assert named <= tasks[sent["taskDefinition"]]
