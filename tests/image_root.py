"""The image without a container engine: a folder made by the Dockerfile's own instructions, entered by ``image_entry``.

What is copied comes from the context that `make package` packs, unpacked.

This machine's system and Python stand in for the base image. What the build's instructions copy, install and compile is
copied, installed and compiled; ``USER``, ``ENV``, ``WORKDIR``, ``ENTRYPOINT`` and ``HEALTHCHECK`` are kept to.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from deploy.supply.dockerfile import DOCKERFILE, Instruction, read_context_rules, read_instructions, shown_files
from deploy.supply.image_packages import image_packages, image_python, image_requirements

ENTRY = Path(__file__).with_name("image_entry.py")
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "etc", "opt")
"""Folders of this machine that stand in for those of the base image."""
BASE_PATH = "/usr/local/bin:/usr/bin:/bin"
INSTRUCTIONS = read_instructions(DOCKERFILE.read_text("utf-8"))


def missing_right() -> str | None:
    """Return why no root of its own can be made here, None if it can."""
    if not sys.platform.startswith("linux") or shutil.which("unshare") is None:
        return "needs Linux and `unshare`"
    done = subprocess.run([*_unshare(), "true"], capture_output=True, text=True, check=False)
    return done.stderr.strip() or "mount namespaces are not permitted here" if done.returncode else None


class ImageRoot:
    """The final stage's file system, below ``folder / "root"``, and the volumes' contents beside it."""

    def __init__(self, folder: Path, context: Path) -> None:
        self.folder = folder
        self._place = context
        self.root = folder / "root"
        self._stages = _stages(INSTRUCTIONS)
        self._context = shown_files(read_context_rules(context / ".dockerignore"), context)
        self._homes: list[Path] = []
        self._arguments = dict(word.split("=", 1) for each in INSTRUCTIONS if each.name == "ARG" for word in each.words)
        for place in ("root", "volumes/0", "local/bin"):
            (folder / place).mkdir(parents=True, mode=0o755)
        (folder / "volumes").chmod(0o755)
        if sys.base_prefix == "/usr":
            (folder / "local" / "bin" / "python").symlink_to("/usr/bin/python3")

    def lay_out(self, *, install: bool) -> None:
        """Follow every stage. Unless ``install``, the packages are those of this environment, each under a link."""
        self._homes = [] if install else sorted(set(_packages().values()))
        build, final = self._stages
        work = self.folder / "build"
        work.mkdir()
        for stage, root in ((build, work), (final, self.root)):
            self._lay_base(root)
            place = "/"
            for each in stage:
                if each.name == "WORKDIR":
                    place = each.words[0]
                    (root / place.lstrip("/")).mkdir(parents=True, exist_ok=True)
                elif each.name == "COPY":
                    self._copy(each, root, place, work)
                elif each.name == "RUN":
                    self._run(each, root, place, install=install)
        shutil.rmtree(work)

    def _lay_base(self, root: Path) -> None:
        for name in ("proc", "dev", "tmp", "var/escore", *self._own_python, *self._places_of_packages):
            (root / name).mkdir(parents=True, exist_ok=True)
        for name in SYSTEM:
            here = Path("/") / name
            if here.is_symlink():
                (root / name).symlink_to(here.readlink())
            elif here.is_dir():
                (root / name).mkdir()

    def _copy(self, each: Instruction, root: Path, place: str, build: Path) -> None:
        source, target = each.words
        goal = root / str(Path(place) / target).lstrip("/")
        if each.options:  # --from=build: moved, not copied, for nobody needs it there any more
            assert each.options == ("--from=build",)
            shutil.move(build / source.lstrip("/"), goal)
            return
        if target.endswith("/"):
            goal /= Path(source).name
        origin = self._place / source
        for file in self._context:
            if origin in (file, *file.parents):
                copy = goal / file.relative_to(origin) if origin.is_dir() else goal
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
                copy.chmod(0o755 if os.access(file, os.X_OK) else 0o644)
        assert goal.exists(), f"the context does not show {source}"
        if source.endswith("requirements.lock") and image_python() != HERE:
            goal.write_text(image_requirements(HERE), "utf-8")

    def _run(self, each: Instruction, root: Path, place: str, *, install: bool) -> None:
        if "pip" in each.words and not install:
            target = root / "venv" / "lib" / f"python{HERE}" / "site-packages"
            for name, home in _packages().items():
                (target / name).symlink_to(f"/{self._places_of_packages[self._homes.index(home)]}/{name}")
        elif "compile_all.py" in each.words and not install:
            return
        elif each.words[0] == "install":  # the user's folder: a volume, whose first content is what the image has there
            assert each.words[-1] == "/var/escore"
            if os.geteuid() == 0:
                uid, gid = (int(word) for word in self.user)
                os.chown(self.folder / "volumes" / "0", uid, gid)
            (self.folder / "volumes" / "0").chmod(0o700)
        else:
            self.call(each.words, root=root, place=place, user=None, environment=os.environ | {"PATH": BASE_PATH})

    @property
    def _own_python(self) -> list[str]:
        """Where this Python lies, if elsewhere than the system: its program may name its libraries by that path."""
        place = sys.base_prefix.lstrip("/")
        return [] if place.split("/")[0] in SYSTEM else [place]

    @property
    def _places_of_packages(self) -> list[str]:
        return [f"packages/{number}" for number, _ in enumerate(self._homes)]

    @property
    def user(self) -> tuple[str, str]:
        """Return ``USER``'s two numbers."""
        uid, gid = self._only("USER")[0].split(":")
        return uid, gid

    @property
    def environment(self) -> dict[str, str]:
        """Return what ``ENV`` sets, and nothing else."""
        return dict(word.split("=", 1) for each in self._stages[1] if each.name == "ENV" for word in each.words)

    @property
    def entry(self) -> tuple[str, ...]:
        """Return ``ENTRYPOINT``."""
        return self._only("ENTRYPOINT")

    @property
    def health(self) -> tuple[str, ...]:
        """Return ``HEALTHCHECK``'s command."""
        return self._only("HEALTHCHECK")

    def start(self, words: Sequence[str], environment: Mapping[str, str], **options: Any) -> subprocess.Popen[bytes]:
        """Start a program as the image would, its root read-only."""
        asked = self._asked(words, root=self.root, place=self._only("WORKDIR")[0], user=self.user, read_only=True)
        whole = {**self.environment, **environment}
        return subprocess.Popen([*_unshare(), sys.executable, str(ENTRY), json.dumps(asked)], env=whole, **options)

    def ask(self, words: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
        """Run a program as the image would, to its end."""
        with self.start(words, environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            output, _ = process.communicate()
        return subprocess.CompletedProcess(words, process.returncode, output)

    def call(
        self,
        words: Sequence[str],
        *,
        root: Path,
        place: str,
        user: tuple[str, str] | None,
        environment: Mapping[str, str],
    ) -> None:
        """Run one of the build's own programs, as its root."""
        asked = self._asked(words, root=root, place=place, user=user, read_only=False)
        done = subprocess.run(
            [*_unshare(), sys.executable, str(ENTRY), json.dumps(asked)],
            env=dict(environment),
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, (done.stdout + done.stderr).decode()[-4000:]

    def _asked(self, words: Sequence[str], **options: Any) -> dict[str, Any]:
        base = Path(sys.base_prefix)
        local = self.folder / "local" if str(base) == "/usr" else base
        binds = [
            (f"/{name}", name) for name in SYSTEM if (Path("/") / name).is_dir() and not Path("/", name).is_symlink()
        ]
        return {
            **options,
            "root": str(options["root"]),
            "words": list(words),
            "binds": [
                *(*binds, (str(local), "usr/local")),
                *((f"/{place}", place) for place in self._own_python),
                *((str(home), place) for home, place in zip(self._homes, self._places_of_packages, strict=True)),
            ],
            "volume": str(self.folder / "volumes" / "0"),
        }

    def _only(self, name: str) -> tuple[str, ...]:
        (found,) = [each for each in self._stages[1] if each.name == name]
        return found.words


def _stages(instructions: Sequence[Instruction]) -> list[list[Instruction]]:
    stages: list[list[Instruction]] = []
    for each in instructions:
        if each.name == "FROM":
            stages.append([])
        elif stages:
            stages[-1].append(each)
    return stages


def _packages() -> dict[str, Path]:
    """Return where the image's packages lie in this environment: each folder or file that a package has at the top."""
    found = {}
    for name in image_packages(python=HERE):
        package = distribution(name)
        for file in package.files or ():
            if ".." not in file.parts:  # not the programs beside the packages
                found[file.parts[0]] = Path(str(package.locate_file("")))
    return found


def _unshare() -> tuple[str, ...]:
    """Return how a file system of one's own is had: by right as root, else as the user of a name space of one's own."""
    if os.geteuid() == 0:
        return ("unshare", "--mount", "--propagation", "private")
    own = ("--map-user=10001", "--map-group=10001")
    return ("unshare", "--user", *own, "--keep-caps", "--mount", "--propagation", "private")
