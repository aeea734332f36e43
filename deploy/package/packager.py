"""Builds the bundles: ``python -m deploy.package`` (``make package``), the same bytes from the same code and lock.

Systems A and B for Elastic Beanstalk, with their wheels, for machines that reach no index; System C for Lambda, laid
out; the context of the image; the page, where there is one. Wheels are fetched by hash into ``build/wheels``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.package.archives import digest_of, files_below, write_archive
from deploy.package.bundles import BEANSTALK, OWN_PORTS, ROOT, RUNTIME, SYSTEM_C, Bundle, procfile
from deploy.package.listener_rule import listener_rule
from deploy.package.measures import extension
from deploy.package.wheels import WheelStore, compile_for_keeps, lay_out
from deploy.supply.dockerfile import read_context_rules, shown_files
from deploy.supply.locked import pins_of, requirements_of

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
"""This machine's Python, the only one that it can compile for: without, each cold start of Lambda compiles anew."""
WHEELS = ROOT / "build" / "wheels"
"""Kept from one time to the next, a folder a Python."""
WEB = "serve/web/"
"""What the page is built of, and the page: no system alone serves it."""
PAGE = ROOT / WEB / "static"
PAGE_SETTINGS = b'{ "api": "./" }\n'
"""Where the page finds the API: CloudFront has both under one host."""
LAMBDA_PLACE = "/var/task"
LAMBDA_BYTES = 250 * 1024 * 1024
"""Most that AWS Lambda takes, unpacked."""
Files = dict[str, bytes | Path]


class Packager:
    """Builds for one Python into one folder; ``certificates`` is the bundle of RDS's certificates, if it is at hand."""

    def __init__(self, target: Path, *, python: str = HERE, certificates: Path | None = None) -> None:
        self._target = target
        self._wheels = WheelStore(WHEELS / python, python)
        self._python = python
        self._certificates = certificates
        target.mkdir(parents=True, exist_ok=True)

    def build_all(self) -> list[Path]:
        """Build every bundle and the list of their digests; return their files."""
        built = [self.build_beanstalk(system) for system in BEANSTALK]
        built += [self.build_lambda(), self.build_image()]
        if PAGE.is_dir():
            built.append(self.build_page(PAGE))
        sums = "".join(f"{digest_of(file)}  {file.name}\n" for file in built)
        (self._target / "SHA256SUMS").write_text(sums, "utf-8")
        return built

    def build_beanstalk(self, system: str) -> Path:
        """Build System A's or B's bundle: code, wheels, what is started, and how it is measured."""
        bundle = BEANSTALK[system]
        pins = pins_of(bundle.packages, self._python)
        files: Files = {f"wheels/{wheel.name}": wheel for wheel in self._wheels.wheels_of(pins)}
        files |= self._code(bundle) | {
            "requirements.txt": f"--no-index\n--find-links wheels\n{requirements_of(pins)}".encode(),
            "Procfile": procfile(system).encode(),
            ".ebextensions/listener_rule.config": listener_rule().encode(),
            ".ebextensions/measures.config": extension(system, OWN_PORTS).encode(),
        }
        return self._write(bundle.name, files)

    def build_lambda(self) -> Path:
        """Build System C's archive, compiled if for this very Python; SystemExit if it is too large for Lambda."""
        with TemporaryDirectory() as folder:
            laid = Path(folder)
            lay_out(self._wheels.wheels_of(pins_of(SYSTEM_C.packages, self._python)), laid)
            for name, content in self._code(SYSTEM_C).items():
                _write_file(laid / name, content)
            if self._python == HERE:
                compile_for_keeps(laid, LAMBDA_PLACE)
            files = files_below(laid, compiled=True)
            size = sum(file.stat().st_size for file in laid.rglob("*") if file.is_file())
            if size > LAMBDA_BYTES:
                raise SystemExit(f"System C takes {size:,} bytes unpacked; Lambda takes {LAMBDA_BYTES:,}")
            return self._write(SYSTEM_C.name, files)

    def build_image(self) -> Path:
        """Build the image's context: what ``.dockerignore`` shows, its Dockerfile, and the certificates."""
        shown = (*shown_files(read_context_rules()), ROOT / ".dockerignore")
        files: Files = {file.relative_to(ROOT).as_posix(): file for file in shown}
        programs = [name for name in files if os.access(ROOT / name, os.X_OK)]
        return self._write("image", files | self._certificates_in("deploy/image/certs"), programs)

    def build_page(self, folder: Path) -> Path:
        """Build the page for a bucket, where it lies at the root and not below the API's ``/app/``."""
        return self._write("page", files_below(folder) | {"config.json": PAGE_SETTINGS})

    def _code(self, bundle: Bundle) -> Files:
        files: Files = {}
        for package in bundle.code:
            files |= files_below(ROOT / package, f"{package}/")
        files = {name: file for name, file in files.items() if not name.startswith(WEB)}
        files |= {name: RUNTIME / name for name in bundle.runtime}
        return files | self._certificates_in("certs")

    def _certificates_in(self, folder: str) -> Files:
        """PostgreSQL and MongoDB read the one, Oracle's driver the other."""
        if self._certificates is None:
            return {}
        return {f"{folder}/{name}": self._certificates for name in ("rds.pem", "ewallet.pem")}

    def _write(self, name: str, files: Files, programs: Sequence[str] = ()) -> Path:
        target = self._target / f"{name}.zip"
        write_archive(target, files, programs)
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
    for file in Packager(given.target, python=given.python, certificates=given.certificates).build_all():
        print(f"{digest_of(file)[:12]}  {file.stat().st_size / 1e6:7.1f} MB  {file}")  # noqa: T201
    print(f"for Python {given.python}: give the templates that one (Python, SolutionStack)")  # noqa: T201
    if given.python != HERE:
        print(f"System C is not compiled, for this is Python {HERE}: its cold start takes more than twice as long")  # noqa: T201
    if given.certificates is None:
        print("without --certificates: the bundles reach no RDS and no DocumentDB, whose certificates AWS signs")  # noqa: T201
