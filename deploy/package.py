"""Builds the bundles: ``python -m deploy.package`` (``make package``), the same bytes from the same code and lock.

Systems A and B for Elastic Beanstalk, with their wheels, for machines that reach no index; System C for Lambda, laid
out; the context of the workers' image; the page, where there is one. Wheels are fetched by hash into ``build/wheels``.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.archives import digest_of, files_below, write_archive
from deploy.bundles import (
    BEANSTALK,
    OWN_PORTS,
    ROOT,
    RUN_CODE,
    RUNTIME,
    SYSTEM_C,
    WORKER_FILES,
    WORKER_RUNTIME,
    Bundle,
    procfile,
)
from deploy.locked import closure, locked_lines, target_environment
from deploy.measures import extension
from deploy.wheels import compile_for_keeps, fetch_wheels, lay_out

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
"""This machine's Python, the only one that it can compile for: without, each cold start of Lambda compiles anew."""
WEB = "serve/web/"
PAGE = ROOT / WEB / "static"
"""The page as it is built; what it is built from goes to no machine."""
PAGE_SETTINGS = b'{ "api": "./" }\n'
"""Where the page finds the API: CloudFront has both under one host."""
LAMBDA_PLACE = "/var/task"
LAMBDA_BYTES = 250 * 1024 * 1024
"""Most that AWS Lambda takes, unpacked."""
Files = dict[str, bytes | Path]


class Packager:
    """Builds for one Python into one folder; ``certificates`` is the bundle of RDS's certificates, if it is at hand."""

    def __init__(self, target: Path, *, wheels: Path, python: str = HERE, certificates: Path | None = None) -> None:
        self._target = target
        self._wheels = wheels
        self._python = python
        self._certificates = certificates
        target.mkdir(parents=True, exist_ok=True)

    def build_all(self) -> list[Path]:
        """Build every bundle and the list of their digests; return their files."""
        built = [self.build_beanstalk(system) for system in BEANSTALK]
        built += [self.build_lambda(), self.build_worker()]
        if PAGE.is_dir():
            built.append(self.build_page(PAGE))
        sums = "".join(f"{digest_of(file)}  {file.name}\n" for file in built)
        (self._target / "SHA256SUMS").write_text(sums, "utf-8")
        return built

    def build_beanstalk(self, system: str) -> Path:
        """Build System A's or B's bundle: code, wheels, what is started, and how it is measured."""
        bundle = BEANSTALK[system]
        requirements = self.requirements(bundle.packages)
        with TemporaryDirectory() as folder:
            listed = Path(folder) / "requirements.txt"
            listed.write_text(requirements, "utf-8")
            wheels = fetch_wheels(listed, Path(folder) / "wheels", self._python, cache=self._wheels)
            files: Files = {f"wheels/{wheel.name}": wheel for wheel in wheels}
            files |= self._code(bundle) | {
                "requirements.txt": f"--no-index\n--find-links wheels\n{requirements}".encode(),
                "Procfile": procfile(system).encode(),
                ".ebextensions/measures.config": extension(system, OWN_PORTS).encode(),
            }
            return self._write(bundle.name, files)

    def build_lambda(self) -> Path:
        """Build System C's archive, compiled if for this very Python; SystemExit if it is too large for Lambda."""
        requirements = self.requirements(SYSTEM_C.packages)
        with TemporaryDirectory() as folder:
            listed, laid = Path(folder) / "requirements.txt", Path(folder) / "laid"
            listed.write_text(requirements, "utf-8")
            wheels = Path(folder) / "wheels"
            fetch_wheels(listed, wheels, self._python, cache=self._wheels)
            lay_out(listed, wheels, laid, self._python)
            for name, content in self._code(SYSTEM_C).items():
                _write_file(laid / name, content)
            if self._python == HERE:
                compile_for_keeps(laid, LAMBDA_PLACE)
            files = files_below(laid, compiled=True)
            size = sum(file.stat().st_size for file in laid.rglob("*") if file.is_file())
            if size > LAMBDA_BYTES:
                raise SystemExit(f"System C takes {size:,} bytes unpacked; Lambda takes {LAMBDA_BYTES:,}")
            return self._write(SYSTEM_C.name, files)

    def build_worker(self) -> Path:
        """Build the context of the workers' image; its packages come from the index when the image is made, by hash."""
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        packages = [*project["dependencies"], *project["optional-dependencies"]["dask"]]
        code = Bundle("worker", (), RUN_CODE, WORKER_RUNTIME)
        files: Files = {f"app/{name}": content for name, content in self._code(code).items()}
        files["requirements.txt"] = self.requirements(packages).encode()
        files["Dockerfile"] = ROOT / "deploy" / "worker" / "Dockerfile"
        files |= {f"app/{name}": ROOT / name for name in WORKER_FILES}
        files |= {f"app/deploy/sql/{script.name}": script for script in (ROOT / "deploy" / "sql").iterdir()}
        return self._write("worker", files)

    def build_page(self, folder: Path) -> Path:
        """Build the page for a bucket, where it lies at the root and not below the API's ``/app/``."""
        return self._write("page", files_below(folder) | {"config.json": PAGE_SETTINGS})

    def requirements(self, packages: Sequence[str]) -> str:
        """Return the lock's lines of the packages and all that they need."""
        environment = target_environment(self._python)
        return locked_lines(closure(packages, environment), environment)

    def _code(self, bundle: Bundle) -> Files:
        files: Files = {}
        for package in bundle.code:
            files |= files_below(ROOT / package, f"{package}/")
        files = {
            name: file for name, file in files.items() if not name.startswith(WEB) or PAGE in (ROOT / name).parents
        }
        files |= {name: RUNTIME / name for name in bundle.runtime}
        if self._certificates is not None:  # PostgreSQL and MongoDB read the one, Oracle's driver the other
            files |= {f"certs/{name}": self._certificates for name in ("rds.pem", "ewallet.pem")}
        return files

    def _write(self, name: str, files: Files) -> Path:
        target = self._target / f"{name}.zip"
        write_archive(target, files)
        return target


def _write_file(target: Path, content: bytes | Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content.read_bytes() if isinstance(content, Path) else content)


def main() -> None:
    """Build all and print what was built."""
    parser = argparse.ArgumentParser(prog="python -m deploy.package", description="Build the bundles.")
    parser.add_argument("--target", type=Path, default=ROOT / "build" / "packages")
    parser.add_argument("--python", default=HERE, help="Python of the machines; default: this one")
    parser.add_argument("--certificates", type=Path, help="AWS's global-bundle.pem; without it TLS to RDS is refused")
    given = parser.parse_args()
    shutil.rmtree(given.target, ignore_errors=True)
    packager = Packager(
        given.target, wheels=ROOT / "build" / "wheels", python=given.python, certificates=given.certificates
    )
    for file in packager.build_all():
        print(f"{digest_of(file)[:12]}  {file.stat().st_size / 1e6:7.1f} MB  {file}")  # noqa: T201
    print(f"for Python {given.python}: give the templates that one (Python, SolutionStack)")  # noqa: T201
    if given.python != HERE:
        print(f"System C is not compiled, for this is Python {HERE}: its cold start takes more than twice as long")  # noqa: T201
    if given.certificates is None:
        print("without --certificates: the bundles reach no RDS and no DocumentDB, whose certificates AWS signs")  # noqa: T201


if __name__ == "__main__":
    main()
