"""The documentation holds: links lead somewhere, generated pages are current, commands exist, YAML is YAML."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.settings import PREFIX, secret_fields
from flows.flow_figure import flow_figures
from flows.reference_pages import PAGES as GENERATED
from flows.reference_pages import commands
from stores.checks.results import COLUMNS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "LEIAME.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"\bescore +([a-z][^\n#&|;)]*)")
TARGET = re.compile(r"^([a-z][a-z-]*):", re.MULTILINE)


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", read(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def shell_lines(page: Path) -> Iterator[str]:
    for language, body in FENCE.findall(read(page)):
        if language == "sh":
            yield from body.replace("\\\n", " ").splitlines()


def called(line: str) -> list[list[str]]:
    """Return the words of every ``escore`` command in a line of shell, redirections and comments left out."""
    return [shlex.split(re.split(r"\s\d?>", words)[0]) for words in CALL.findall(line)]


@cache
def known_commands() -> dict[str, Any]:
    return {name.removeprefix("escore "): command for name, command in commands().items()}


def problem_of(words: list[str]) -> str | None:
    """Return what is wrong with a call of the command line, without running it."""
    known = known_commands()
    name = next((name for name in (" ".join(words[:2]), words[0]) if name in known), None)
    if name is None:
        return f"no command {words[0]}"
    command = known[name]
    options = {name: parameter for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [word for word in words if word.startswith("--") and word not in options and word != "--help"]
    lacking = [
        p.opts[0] for p in command.params if p.required and p.opts[0].startswith("--") and p.opts[0] not in words
    ]
    return f"{unknown=} {lacking=}" if unknown or lacking else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_resolves(page):
    broken = []
    for link in LINK.findall(FENCE.sub("", read(page))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page.parent.name in {"tutorials", "how-to", "explanation", "reference", "benchmarks"}],
    ids=lambda page: page.stem,
)
def test_every_page_begins_by_saying_what_it_is_for(page):
    first = re.sub(r"^(?:<!--.*?-->\s*)?# .+\n\n", "", read(page)).partition("\n\n")[0]
    assert not first.startswith(("#", "|", "```", "- ", "1. ", "!["))
    assert len(first.split()) >= 8


def test_every_page_is_linked_from_the_index():
    linked = {(ROOT / "docs" / link).resolve() for link in LINK.findall(read(ROOT / "docs" / "index.md"))}
    assert {page for page in PAGES if page.parent != ROOT and page.name != "index.md"} <= linked


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_generated_pages_are_current(name):
    """`make docs` writes them; they are never edited by hand."""
    assert read(ROOT / "docs" / "reference" / name) == GENERATED[name]()


def test_the_pictures_of_the_flow_are_current():
    """`make docs` writes them."""
    for name, text in flow_figures().items():
        assert read(ROOT / "docs" / "assets" / name) == text


def test_every_result_column_is_described():
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \|[^|]*\| (.*) \|$", GENERATED["results.md"](), re.MULTILINE)
    assert len(rows) == sum(len(columns.split()) for table, columns in COLUMNS.items() if table != "score_vigente")
    assert all(text for _, text in rows)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_in_a_shell_block_exists(page):
    wrong = {line: problem for line in shell_lines(page) for words in called(line) if (problem := problem_of(words))}
    assert not wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_in_a_shell_block_exists(page):
    targets = set(TARGET.findall(read(ROOT / "Makefile")))
    asked = {found for line in shell_lines(page) for found in re.findall(r"^\s*make ([a-z-]+)", line)}
    assert asked <= targets


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("escore fly", "no command fly"),
        ("escore run --as-of 2025-12-31 --modle x", "unknown=['--modle'] lacking=[]"),
        ("TOKEN=$(escore train) # comment", "unknown=[] lacking=['--as-of']"),
        ("SCORE_MAX_REJECT_RATE=0.15 escore run --as-of 2025-12-31 &", None),
        ("escore import berka ../shared/data/berka --replace", None),
        ("escore models fly", "no command models"),
        ("escore models promote 2025-12-31-5cfce3e2", "unknown=[] lacking=['--why']"),
        ("escore models list --json", None),
    ],
)
def test_the_check_of_commands_finds_what_is_wrong(line, problem):
    [words] = called(line)
    assert problem_of(words) == problem


@pytest.mark.parametrize("page", ["README.md", "LEIAME.md"])
def test_the_readme_shows_commands_to_check(page):
    assert sum(len(called(line)) for line in shell_lines(ROOT / page)) >= 9


def test_every_setting_that_is_named_exists():
    known = set(re.findall(r"`(SCORE_[A-Z_]+)`", GENERATED["settings.md"]()))
    known |= {f"{PREFIX}{name.upper()}_FILE" for name in secret_fields()}
    for page in PAGES:
        named = set(re.findall(r"\bSCORE_[A-Z_]*[A-Z]\b", read(page)))
        assert named <= known, page


def test_compose_names_the_four_stores():
    services = yaml.safe_load(read(ROOT / "compose.yaml"))["services"]
    stores = {name: service for name, service in services.items() if "profiles" not in service}
    assert set(stores) == {"base-a", "postgres", "base-c", "redis"}
    assert all("healthcheck" in service and "image" in service for service in stores.values())
    assert all(port.startswith("127.0.0.1:") for service in services.values() for port in service.get("ports", ()))


def test_the_workflow_runs_the_same_suite_on_the_four_servers():
    job = yaml.safe_load(read(ROOT / ".github" / "workflows" / "ci.yml"))["jobs"]["real-stores"]
    assert set(job["services"]) == {"oracle", "postgres", "mongo", "redis"}
    page = read(ROOT / "docs" / "how-to" / "test-on-real-servers.md")
    assert all(f"`{name}`" in page for name in job["env"])
    assert any("pytest" in step.get("run", "") for step in job["steps"])
