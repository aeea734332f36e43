"""Which documented blocks run when, and which do not run here, each with its reason.

Pages run in the order of the lists: those of ``ALWAYS`` in `make test`, those of ``LONG`` in `make test-long` alone.
All blocks of a page run but those that an entry names, by words that stand in them: of a block of shell the command
that holds the words, of any other block the whole. A line break that ends the words is the end of the command. An entry
without words speaks for all blocks of its page of which no other speaks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache

from tests.documented.blocks import CHECKED, ROOT, SHELL, Block, blocks_of
from tests.documented.shell import Command, bare, commands_of

README = "README.md"
README_IN_PORTUGUESE = "LEIAME.md"
"""Its commands are the README's, and are not run twice."""
TUTORIAL = "docs/tutorials/first-night.md"
HOW_TO = "docs/how-to/"
REFERENCE = "docs/reference/"
NOTEBOOKS = tuple(
    path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs" / "tutorials" / "notebooks").glob("*.md"))
)
"""Pages made of the notebooks."""

ALWAYS = (
    README,
    README_IN_PORTUGUESE,
    HOW_TO + "read-rejects.md",
    HOW_TO + "watch-the-api.md",
    HOW_TO + "complete-in-the-shell.md",
    HOW_TO + "guard-the-stores.md",
    HOW_TO + "own-stores.md",
    REFERENCE + "features.md",
    REFERENCE + "problems.md",
    "docs/explanation/what-is-known-as-of.md",
    REFERENCE + "lake.md",
    TUTORIAL,
)
LONG = (
    HOW_TO + "replay-a-score.md",
    HOW_TO + "read-a-model-report.md",
    HOW_TO + "use-the-page.md",
    REFERENCE + "json-output.md",
    HOW_TO + "review-a-score.md",
    HOW_TO + "run-incrementally.md",
    HOW_TO + "roll-back.md",
    HOW_TO + "export-a-model.md",
    HOW_TO + "use-the-scorecard-on-your-own-table.md",
    HOW_TO + "train-and-promote.md",
    HOW_TO + "monitor-a-model.md",
    HOW_TO + "resume-a-run.md",
    HOW_TO + "run-on-many-machines.md",
    HOW_TO + "let-a-consulente-in.md",
    HOW_TO + "add-a-feature.md",
    HOW_TO + "rotate-the-key.md",
    HOW_TO + "erase-a-person.md",
    HOW_TO + "schedule-on-prefect-cloud.md",
    HOW_TO + "explore-in-python.md",
    HOW_TO + "import-berka.md",
    HOW_TO + "develop-on-real-stores.md",
    HOW_TO + "build-the-image.md",
    HOW_TO + "run-system-c-on-lambda.md",
    HOW_TO + "deploy-on-aws.md",
    HOW_TO + "operate-on-aws.md",
    HOW_TO + "test-on-real-servers.md",
    HOW_TO + "run-without-aws.md",
    "docs/explanation/aws-costs.md",
    "docs/tutorials/first-score-by-api.md",
    REFERENCE + "sandbox.md",
    REFERENCE + "versioning.md",
    REFERENCE + "cli.md",
    HOW_TO + "build-the-site.md",
    REFERENCE + "fuzzing.md",
    REFERENCE + "runs-under-faults.md",
    REFERENCE + "python.md",
    *NOTEBOOKS,
)


class Class(Enum):
    """What is done about a block or a command."""

    RUN = "run"
    LATER = "run in the long form"
    ELSEWHERE = "run by another test"
    SETTINGS = "settings, judged by the engine"
    CLOUD = "not run here, for it needs a cloud; judged by AWS's descriptions of its services"
    NOT_HERE = "not run here"


@dataclass(frozen=True)
class Entry:
    """Blocks or commands of a page that are not simply run: those that hold the words, and why."""

    page: str
    words: str
    why: str


NO_ENGINE = "needs a container engine"
NO_CLOUD = "needs a cloud"
NO_CLUSTER = "needs a cluster"
INSTALLS = "installs into an environment, from the package index"
SUITE = "is the test suite itself"

CLOUD = (
    Entry(HOW_TO + "deploy-on-aws.md", "aws ", NO_CLOUD),
    Entry(HOW_TO + "operate-on-aws.md", "aws ", NO_CLOUD),
)
"""Commands of AWS: ``tests/docs/test_aws_commands.py`` judges each, and one of the pages' order is tried on moto."""
NOT_HERE = (
    Entry(README, "make test", SUITE),
    Entry(HOW_TO + "build-the-image.md", "", NO_ENGINE),
    Entry(HOW_TO + "develop-on-real-stores.md", "", NO_ENGINE),
    Entry(HOW_TO + "explore-in-python.md", "make notebooks", INSTALLS),
    Entry(HOW_TO + "run-on-many-machines.md", "pip install", INSTALLS),
    Entry(HOW_TO + "deploy-on-aws.md", "docker ", NO_ENGINE),
    Entry(HOW_TO + "run-without-aws.md", "docker ", NO_ENGINE),
    Entry(HOW_TO + "run-without-aws.md", "127.0.0.1:8081", NO_ENGINE),
    Entry(HOW_TO + "run-without-aws.md", "kubectl ", NO_CLUSTER),
    Entry(HOW_TO + "schedule-on-prefect-cloud.md", "prefect cloud login", NO_CLOUD),
    Entry(HOW_TO + "test-on-real-servers.md", "python -m pytest\n", SUITE),
    Entry(HOW_TO + "test-on-real-servers.md", "make test-long", SUITE),
    Entry(HOW_TO + "build-the-site.md", "pytest", SUITE),
    Entry(REFERENCE + "fuzzing.md", "make fuzz", INSTALLS),
)
_PREFECT = "tests/flows/test_prefect_deployments.py"
ELSEWHERE = (
    Entry(README, "make sandbox", "tests/flows/test_sandbox.py"),
    Entry(HOW_TO + "build-the-site.md", "make site", "tests/docs/test_site.py"),
    Entry(HOW_TO + "use-the-page.md", "make web", "tests/unit/serve/test_web_build.py"),
    Entry("docs/tutorials/first-score-by-api.md", "", "tests/integration/test_api_snippets.py"),
    Entry(REFERENCE + "cli.md", "escore demo --serve", "tests/flows/test_sandbox.py"),
    Entry(REFERENCE + "cli.md", "escore down", TUTORIAL),
    Entry(REFERENCE + "cli.md", "escore populate", TUTORIAL),
    Entry(REFERENCE + "cli.md", "escore import berka", "tests/flows/test_berka_run.py"),
    Entry("docs/explanation/what-is-known-as-of.md", "cutoff_utc", "contracts/reference_date.py::cutoff_utc"),
    Entry(HOW_TO + "own-stores.md", "cd deploy/sql", "tests/integration/test_rights.py"),
    Entry(HOW_TO + "own-stores.md", "psql -v", "tests/integration/test_rights.py"),
    Entry(HOW_TO + "export-a-model.md", "psql", "tests/integration/test_parity.py"),
    Entry(HOW_TO + "import-berka.md", "", "tests/flows/test_berka_run.py"),
    Entry(HOW_TO + "add-a-feature.md", "pytest -q tests/unit/features", "tests/unit/features/test_brute_force.py"),
    Entry(HOW_TO + "add-a-feature.md", "FAMILY = Family(", "tests/unit/features/test_add_a_feature.py"),
    Entry(HOW_TO + "add-a-feature.md", "bens_dias_desde_ultimo_registro", "tests/unit/features/test_add_a_feature.py"),
    Entry(HOW_TO + "schedule-on-prefect-cloud.md", "make prefect", _PREFECT),
    Entry(HOW_TO + "schedule-on-prefect-cloud.md", "escore prefect setup", _PREFECT),
    Entry(HOW_TO + "schedule-on-prefect-cloud.md", "prefect worker start", _PREFECT),
    Entry(REFERENCE + "cli.md", "escore prefect local\n", _PREFECT),
    Entry(HOW_TO + "deploy-on-aws.md", "make rehearse", "tests/unit/deploy/test_rehearsal.py"),
    Entry(HOW_TO + "deploy-on-aws.md", "make package", "tests/integration/test_bundles.py"),
    Entry(HOW_TO + "deploy-on-aws.md", "unzip", "tests/integration/test_bundles.py"),
    Entry(HOW_TO + "operate-on-aws.md", "postgresql_restored.sh", "tests/integration/test_restored_results.py"),
    Entry(HOW_TO + "run-system-c-on-lambda.md", "make package", "tests/integration/test_bundles.py"),
    Entry(REFERENCE + "features.md", "", "tests/unit/features/test_dictionary.py"),
    *(Entry(page, "", "tests/flows/test_notebooks.py") for page in NOTEBOOKS),
)
LATER = (
    Entry(README, "kill %1 && escore down", "the stores are used on; the tutorial stops them"),
    Entry(HOW_TO + "read-rejects.md", "escore run", "11 s of CPU; the README runs the same"),
    Entry(README, "make demo", "minutes"),
    Entry(README, "SCORE_DASK=local", "30 s of CPU"),
    Entry(README, "--incremental", "11 s of CPU"),
    Entry(HOW_TO + "own-stores.md", "escore run --as-of 2025-12-31", "11 s of CPU; the README runs the same"),
    Entry(TUTORIAL, "escore run --as-of 2025-12-31 --json", "11 s of CPU; the README runs the same"),
)
SETTINGS = (
    Entry(HOW_TO + "guard-the-stores.md", "export SCORE_", "names stores of the reader's own"),
    Entry(HOW_TO + "own-stores.md", "export SCORE_", "names stores of the reader's own"),
    Entry(HOW_TO + "use-the-page.md", "export SCORE_", "names a page of the reader's own"),
    Entry(HOW_TO + "run-on-many-machines.md", "export ", "names a bucket and keys of the reader's own"),
    Entry(HOW_TO + "develop-on-real-stores.md", "source deploy/compose.env", "names the stores of compose.yaml"),
    Entry(HOW_TO + "develop-on-real-stores.md", "export SCORE_", "names one of them"),
    Entry(HOW_TO + "test-on-real-servers.md", "export SCORE_", "names servers of the reader's own"),
)
_SERVES = "escore serve --port 8080 &"
_ASKS_FOR_REVIEW = (
    'curl -s -H "Authorization: Bearer $(escore token)" -H "Content-Type: application/json" '
    '-d \'{"motivo": "divida_paga"}\' http://127.0.0.1:8080/clientes/<another>/revisoes'
)
_FOR_PROGRAMS = "export API=http://127.0.0.1:8080 TOKEN=$(escore token) CLIENT=7b1f2c9e-5d34-4e0a-9c86-2f1a0b3c4d5e"
_KEY_PAIR = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out chave.pem"
BEFORE = {
    HOW_TO + "watch-the-api.md": (_SERVES,),
    HOW_TO + "review-a-score.md": (_SERVES, _ASKS_FOR_REVIEW),
    REFERENCE + "cli.md": (_SERVES, _ASKS_FOR_REVIEW, _KEY_PAIR),
    REFERENCE + "sandbox.md": (_SERVES, _FOR_PROGRAMS),
}
"""What a page takes for granted beyond the README's end state."""
UNCOMPARED = (Entry(HOW_TO + "own-stores.md", "escore check", "shows what the reader's own views give"),)
"""Blocks whose shown output is of another installation."""
KILLED_BEFORE = {HOW_TO + "resume-a-run.md": "2025-11-30"}
"""A run of that date was killed before a page begins."""
EXPECTED = {
    (REFERENCE + "cli.md", "escore monitor --fail-on alerta"): 6,
}
"""Exit codes other than 0 that a page says a command ends with."""
AFTER = {
    (REFERENCE + "cli.md", "escore demo --keep"): "SCORE_VAR=var/demo escore down --erase",
}
"""What a command leaves behind that would disturb or slow the others, and how that ends."""
LISTS = {
    Class.CLOUD: CLOUD,
    Class.ELSEWHERE: ELSEWHERE,
    Class.LATER: LATER,
    Class.SETTINGS: SETTINGS,
    Class.NOT_HERE: NOT_HERE,
}
"""The first list that speaks of a block or a command has it; what cannot run here comes last."""


@dataclass(frozen=True)
class Piece:
    """A block, or one command of a block of shell, with its class and the entry that gave it."""

    block: Block
    command: Command | None
    kind: Class
    entry: Entry | None

    is_first: bool = True
    """Whether no command of the block comes before it."""

    @property
    def text(self) -> str:
        """Return what is run."""
        return self.block.body if self.command is None else self.command.text

    @property
    def place(self) -> str:
        """Return page and line."""
        return f"{self.block.page}:{self.block.line + (self.command.line if self.command else 0)}"


@cache
def pieces_of(page: str) -> list[Piece]:
    """Return all that a page has readers copy, in order."""
    return pieces_in(blocks_of(page))


def pieces_in(blocks: Iterable[Block]) -> list[Piece]:
    """Return what readers copy of some blocks."""
    return [piece for block in blocks if block.tag in CHECKED for piece in _pieces(block)]


def _pieces(block: Block) -> Iterator[Piece]:
    if block.tag in SHELL:
        for number, command in enumerate(commands_of(block.body)):
            yield Piece(block, command, *_class_of(block.page, command.text), is_first=number == 0)
    else:
        yield Piece(block, None, *_class_of(block.page, block.body))


def _class_of(page: str, text: str) -> tuple[Class, Entry | None]:
    if page == README_IN_PORTUGUESE and bare(text) in _commands_of_the_readme():
        return Class.ELSEWHERE, None
    for kind, entries in LISTS.items():
        for entry in entries:
            if entry.page == page and entry.words in f"{text}\n":
                return kind, entry
    return Class.RUN, None


@cache
def _commands_of_the_readme() -> frozenset[str]:
    return frozenset(bare(piece.text) for piece in pieces_of(README))
