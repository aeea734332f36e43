"""The README says the same in both languages, and names all that nobody has tried."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGLISH, PORTUGUESE = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "LEIAME.md"))
VERIFIED = (ROOT / "docs" / "reference" / "verified.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TRANSLATED = {"README.md": "LEIAME.md", "docs/assets/flow.svg": "docs/assets/flow.pt.svg", "COMMAND": "COMANDO"}
"""What each README says in its own way: the other one's name, its picture, a word to be filled in."""

NOT_TRIED = {
    "Base C": "MongoDB itself",
    "MongoDB itself": "MongoDB itself",
    "Redis itself": "Redis itself",
    "Oracle (Base A)": "Oracle (Base A): queries, migrations",
    "rights of every role": "the scripts of roles for Oracle and MongoDB",
    "TLS to the stores": "TLS to them beyond the handshake",
    "a lake on `s3://`": "AWS itself: a lake on S3",
    "Dask (`SCORE_DASK`)": "two machines",
    "Linux, x86-64": "another system or processor",
    "`compose.yaml`, Docker": "Docker: `compose.yaml`",
    "the templates for AWS": "AWS itself: the templates",
    "bundles for AWS (`make package`)": "the bundles",
    "the runbook for AWS": "the runbook",
    "[what AWS costs](../explanation/aws-costs.md)": "a bill",
    "the image": "a night in the image",
    "the workflow of CI": "the workflow of CI",
    "Prefect Cloud": "Prefect Cloud",
    "known faults of locked packages (`make audit`)": "whether locked packages, Python's",
    "runs under faults": "two machines",
    "220 million consumers": "220 million consumers",
    "models on real Brazilian data": "models on real Brazilian data",
    "a model as SQL in Oracle": "a model as SQL, listing",
    "`/docs` in a browser": "another browser than Chromium",
    "the page at `/app/`": "the page in a bucket",
    "the page's packages (`npm audit`)": "`npm audit`",
    "tokens by JWKS": "Cognito, Keycloak, Auth0",
    "System C on AWS Lambda": "System C on Lambda",
    "listing a million consumers": "a model as SQL, listing",
}
"""Where the README's list names what a line of the page of all that was verified says was not tried."""


def in_portuguese(text: str) -> str:
    for english, portuguese in TRANSLATED.items():
        text = text.replace(english, portuguese)
    return text


def prose(text: str) -> str:
    return FENCE.sub("", text)


def commands(text: str) -> list[list[str]]:
    """Return the lines of each block, without the comments of a shell's."""
    blocks = []
    for language, body in FENCE.findall(text):
        lines = [re.sub(r"\s*#.*$", "", line) if language == "sh" else line for line in body.splitlines()]
        blocks.append([language, *lines])
    return blocks


def tables(text: str) -> list[list[int]]:
    """Return how many cells each row of each table has."""
    blocks = re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE)
    return [[row.count("|") for row in block.splitlines()] for block in blocks]


def test_both_have_the_same_headings():
    assert [len(marks) for marks in re.findall(r"^(#+) ", prose(ENGLISH), re.MULTILINE)] == [
        len(marks) for marks in re.findall(r"^(#+) ", prose(PORTUGUESE), re.MULTILINE)
    ]


def test_both_have_the_same_commands_and_output():
    assert commands(ENGLISH) == commands(PORTUGUESE)


def test_both_have_the_same_links_and_pictures():
    links = re.compile(r"\]\(([^)\s]+)\)")
    other = [link for link in links.findall(prose(PORTUGUESE)) if link != "README.md"]
    assert [in_portuguese(link) for link in links.findall(prose(ENGLISH)) if link != "LEIAME.md"] == other


def test_both_have_the_same_tables():
    assert tables(ENGLISH) == tables(PORTUGUESE)


def test_both_name_the_same_things():
    """Files, commands and settings, whatever the order that a sentence wants them in."""
    named = [
        sorted(in_portuguese(text) for text in re.findall(r"`([^`\n]+)`", prose(page)))
        for page in (ENGLISH, PORTUGUESE)
    ]
    assert set(named[0]) == set(named[1])


@pytest.mark.parametrize(("page", "other"), [(ENGLISH, "LEIAME.md"), (PORTUGUESE, "README.md")], ids=["en", "pt"])
def test_each_begins_with_the_way_to_the_other(page, other):
    assert f"]({other})" in "".join(page.splitlines(keepends=True)[:4])


def test_the_readme_names_all_that_was_not_tried():
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in re.findall(r"^\|.*\|$", VERIFIED, re.MULTILINE)]
    lacking = {what for what, *_, not_tried in rows if not_tried} - {"what", "---"}
    assert lacking == set(NOT_TRIED)
    listed = ENGLISH.partition("| not tried | instead |")[2].partition("\n## ")[0]
    assert [phrase for phrase in NOT_TRIED.values() if phrase not in listed] == []
