"""A house: a folder that is the repository's root to a reader's commands, with stores and a virtual environment in it.

Documents name example consumers, runs, models and ports; before a command runs, what stands for these in the house
takes their place.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

import sqlalchemy as sa

from contracts.artifacts import MANIFEST_NAME, ArtifactStore
from contracts.settings import PREFIX, Settings, load_settings
from models.registry import list_models
from stores.connections import sql_engine
from stores.embedded import erase_stores
from stores.embedded.processes import free_port, wait_until
from tests.documented.blocks import ROOT
from tests.documented.shell import SECONDS, Shell

COLUMNS = "100"
"""Width of the terminal in which the pages' outputs were printed."""
SHARED = ROOT.parent / "shared"
_RUN = re.compile(r"\b01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b")
_CONSUMER = re.compile(r"\b7b1f2c9e-5d34-4e0a-9c86-2f1a0b3c4d5e\b")
_MODEL = re.compile(r"\b(\d{4}-\d\d-\d\d)-[0-9a-f]{8}\b")
_SERVE = re.compile(r"\bescore serve\b(?!.*--port)")
_PORT = re.compile(r"(?<=127\.0\.0\.1:)\d{4}\b|(?<=port )\d{4}\b")
DEFAULT_PORT = "8080"
OTHER_MACHINE = "10.0.0.1"
"""An example's; here it is this one."""
OF_SECRETS = {"notice_url": "http://127.0.0.1:9/nobody-listens-here"}
"""What an example's file of secrets holds, if it is not a store's address."""
SECRET_BYTES = 32
IN_FORCE = "execucao where situacao = 'publicada'"
_OF_TESTS = (PREFIX, "PREFECT_", "PYTEST_", "PYTHON", "VIRTUAL_ENV", "COVERAGE")


class House:
    """The root of one installation; ``smaller`` are the words that make a page's commands smaller, and by which."""

    def __init__(self, folder: Path, smaller: dict[str, str]) -> None:
        self.root = folder / "escore"
        self._scratch = folder / "comandos"
        self._smaller = smaller
        self._ports: dict[str, str] = {}
        self._shells = 0
        _copy_tree(self.root)
        _link_environment(self.root / ".venv")
        if SHARED.is_dir():
            (folder / "shared").symlink_to(SHARED)

    @property
    def var(self) -> Path:
        """Return where the commands keep their stores, lake and reports."""
        return self.root / "var"

    @cached_property
    def environment(self) -> dict[str, str]:
        """Return the environment of a fresh terminal, the virtual environment entered."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_TESTS)}
        programs = f"{self.root / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
        home = self.root.parent / "lar"
        home.mkdir(exist_ok=True)
        (home / ".curlrc").write_text("fail-with-body\n")  # an answer of 400 or more is no success
        own = {"PATH": programs, "PYTHONPATH": str(self.root), "HOME": str(home), "COLUMNS": COLUMNS}
        return kept | own | {"MPLBACKEND": "Agg"}

    def shell(self) -> Shell:
        """Open a terminal in the root."""
        self._shells += 1
        scratch = self._scratch / str(self._shells)
        scratch.mkdir(parents=True)
        return Shell(self.root, self.environment, scratch)

    def settings(self) -> Settings:
        """Return what a command in the house reads."""
        return load_settings({"var": self.var})

    def query(self, sql: str, store: str = "results") -> list[tuple[object, ...]]:
        """Return a query's names of columns and its rows."""
        engine = sql_engine(self.settings().secret(f"{store}_url"), timeout=10)
        try:
            with engine.connect() as connection:
                result = connection.execute(sa.text(sql.replace(":", r"\:")))
                return [tuple(result.keys()), *map(tuple, result)]
        finally:
            engine.dispose()

    def is_up(self) -> bool:
        """Return whether the stores run."""
        return self.var.is_dir() and self.settings().results_url is not None

    def resolved(self, text: str, consumer: Callable[[], str]) -> str:
        """Return a block's text with the house's own consumer, runs, models, ports and sizes for the examples."""
        for words, smaller in self._smaller.items():
            text = text.replace(words, smaller)
        text = self._with_secrets(text)
        text = _RUN.sub(lambda _: self._identity(text), text)
        text = _CONSUMER.sub(lambda _: consumer(), text)
        text = re.sub("<another>", lambda _: self.another_consumer(), text)
        text = _MODEL.sub(lambda found: self._model(found[1], in_force="retire" not in text), text)
        text = text.replace(OTHER_MACHINE, "127.0.0.1")
        text = _SERVE.sub(lambda found: f"{found[0]} --port {DEFAULT_PORT}", text)
        text = re.sub("<old>", lambda _: self._secret_now, text)
        text = re.sub("<new>", lambda _: self._secret_next, text)
        return _PORT.sub(lambda found: self._port(found[0]), text)

    def consumer(self) -> str:
        """Return a consumer with a score in force: the last, for pages ask for the first and may erase this one."""
        [_, [last]] = self.query("select max(cliente_id) from score_vigente where score is not null")
        return str(last)

    def another_consumer(self) -> str:
        """Return a consumer with a score in force who is still there when the other has been erased."""
        [_, [first]] = self.query("select min(cliente_id) from score_vigente where score is not null")
        return str(first)

    def half_finished_run(self, as_of: str) -> str:
        """Return a run that was killed when the first of its ranges was done."""
        before = set(self._ranges_done())
        run = subprocess.Popen(
            ["escore", "run", "--as-of", as_of],
            cwd=self.root,
            env=self.environment | {f"{PREFIX}RANGE_SIZE": "100", f"{PREFIX}WORKERS": "1"},
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: bool(set(self._ranges_done()) - before) or run.poll() is not None, seconds=SECONDS)
        run.kill()
        assert run.wait() < 0, "the run came to its end before it could be killed"
        [done, *_] = set(self._ranges_done()) - before
        return done.parts[-3]

    @cached_property
    def _run_of_known_outcomes(self) -> str:
        """Publish a run of a date whose outcomes have become known, and put the one before it in force again."""
        run, _ = [
            subprocess.run(
                ["escore", *words],
                cwd=self.root,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                check=True,
                timeout=SECONDS,
            )
            for words in (("run", "--as-of", "2024-09-30", "--json"), ("rollback",))
        ]
        return str(json.loads(run.stdout)["execucao_id"])

    def _ranges_done(self) -> Iterator[Path]:
        return self.var.glob(f"lake/scores/*/faixa-*/{MANIFEST_NAME}")

    def close(self) -> None:
        """Stop what runs and remove all of it, the stores' data wherever they lie too."""
        erase_stores(self.var)
        erase_stores(self.var / "demo")
        shutil.rmtree(self.root.parent)

    def _with_secrets(self, text: str) -> str:
        """Return a text with files that are there for those of ``/run/secrets``."""
        folder = self.root.parent / "segredos"
        folder.mkdir(mode=0o700, exist_ok=True)
        for name in re.findall(r"/run/secrets/(\w+)", text):
            (folder / name).write_text(OF_SECRETS.get(name, "postgresql://somebody@127.0.0.1/score-of-the-example"))
        return text.replace("/run/secrets", str(folder))

    @cached_property
    def _secret_now(self) -> str:
        return self.settings().secret("cache_key")

    @cached_property
    def _secret_next(self) -> str:
        return secrets.token_urlsafe(SECRET_BYTES)

    def _identity(self, command: str) -> str:
        """Return the run, or the request for review, that a command is about."""
        if "runs abandon" in command:
            return self.half_finished_run("2025-10-31")
        if "--observado-ate" in command:
            return self._run_of_known_outcomes
        what = "revisao where situacao = 'aberta'" if "reviews close" in command else IN_FORCE
        [_, [identity]] = self.query(f"select id from {what}")
        return str(identity)

    def _model(self, date: str, *, in_force: bool) -> str:
        """Return the newest model of a date, or of any where there is none; to retire, one not in force."""
        entries = list_models(ArtifactStore(self.settings().lake_root))
        fitting = [entry for entry in entries if in_force or not entry.in_force]
        chosen = [entry for entry in fitting if entry.version.startswith(date)] or fitting
        return str(chosen[-1].version)

    def _port(self, named: str) -> str:
        return self._ports.setdefault(named, str(free_port()))


def _copy_tree(root: Path) -> None:
    """Copy what is committed, as a clone would have it, and what Python compiled of it."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, root / name
        if not source.is_file():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
    for folder in {path.parent for path in root.rglob("*.py")}:
        compiled = ROOT / folder.relative_to(root) / "__pycache__"
        if compiled.is_dir():
            shutil.copytree(compiled, folder / "__pycache__", dirs_exist_ok=True)


def _link_environment(venv: Path) -> None:
    """Make the virtual environment of these tests the root's own, as `make setup` left it."""
    venv.mkdir()
    for name in ("bin", "lib", "lib64", "include", "share", "pyvenv.cfg"):
        if (Path(sys.prefix) / name).exists():
            (venv / name).symlink_to(Path(sys.prefix) / name)
    (venv / ".ready").touch()
