"""The image's Dockerfile: judged by hadolint, and held to what is promised of it; its context shows nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from deploy.supply.dockerfile import DOCKERFILE, ROOT, Instruction, read_context_rules, read_instructions, shown_files
from serve.api import probe

INSTRUCTIONS = read_instructions(DOCKERFILE.read_text("utf-8"))
FINAL = INSTRUCTIONS[max(at for at, each in enumerate(INSTRUCTIONS) if each.name == "FROM") :]
HADOLINT = Path(sys.executable).with_name("hadolint")
USER = "10001:10001"


def of(name: str, instructions: list[Instruction] = FINAL) -> list[Instruction]:
    return [each for each in instructions if each.name == name]


def judged(dockerfile: Path) -> subprocess.CompletedProcess[str]:
    words = [str(HADOLINT), "--no-color", "--failure-threshold", "warning", str(dockerfile)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_hadolint_finds_nothing_to_warn_of():
    done = judged(DOCKERFILE)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("said", "instead"), [("ENTRYPOINT [", "ENTRYPOINT escore #["), ("USER 10001:10001", "USER root")]
)
def test_hadolint_finds_what_is_wrong(tmp_path, said, instead):
    worse = tmp_path / "Dockerfile"
    text = DOCKERFILE.read_text("utf-8")
    assert said in text
    worse.write_text(text.replace(said, instead))
    assert judged(worse).returncode


def test_it_runs_as_an_ordinary_user_who_owns_no_code():
    assert [each.words for each in of("USER")] == [(USER,)]
    assert not [each for each in of("COPY") if "--chown" in " ".join(each.options)]
    (place,) = of("RUN")
    uid, gid = USER.split(":")
    assert place.words == ("install", "-d", "-o", uid, "-g", gid, "-m", "0700", "/var/escore")
    assert FINAL.index(of("USER")[0]) > max(FINAL.index(each) for each in of("COPY"))


def test_two_places_can_be_written_to_and_everything_that_is_written_goes_there():
    assert [each.words for each in of("VOLUME")] == [("/var/escore", "/tmp")]
    environment = dict(word.split("=", 1) for each in of("ENV") for word in each.words)
    assert (environment["SCORE_VAR"], environment["HOME"], environment["TMPDIR"]) == (
        "/var/escore",
        "/var/escore",
        "/tmp",
    )
    assert environment["PYTHONDONTWRITEBYTECODE"] == "1"


def test_signals_reach_the_process_and_no_shell_is_needed():
    """The exec form everywhere: a shell in between would keep SIGTERM to itself."""
    for name in ("ENTRYPOINT", "CMD", "RUN", "HEALTHCHECK"):
        assert of(name, INSTRUCTIONS)
        assert all(each.is_exec for each in of(name, INSTRUCTIONS)), name
    assert [each.words for each in of("STOPSIGNAL")] == [("SIGTERM",)]


def test_only_wheels_of_the_lock_are_installed():
    (install,) = [each.words for each in of("RUN", INSTRUCTIONS) if "pip" in each.words]
    assert {"--require-hashes", "--no-deps", "--only-binary", "--no-compile", "requirements.lock"} <= set(install)
    assert ("deploy/image/requirements.lock", "./") in {each.words for each in of("COPY", INSTRUCTIONS)}


def test_no_layer_and_no_variable_holds_a_secret():
    assert not of("ADD", INSTRUCTIONS)
    named = [word for each in INSTRUCTIONS if each.name in {"ENV", "ARG", "LABEL"} for word in each.words]
    assert not [word for word in named if re.search(r"(?i)_url|secret|password|token|_key", word)]
    assert {word.split("=")[0] for word in named if word.startswith("SCORE_")} == {"SCORE_VAR"}


def test_its_labels_tell_this_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    labels = dict(word.split("=", 1) for each in of("LABEL") for word in each.words)
    assert labels["org.opencontainers.image.version"] == project["version"]
    assert labels["org.opencontainers.image.base.name"] == of("ARG", INSTRUCTIONS)[0].words[0].removeprefix("PYTHON=")


def test_its_health_is_asked_by_the_engine_s_own_program_at_the_port_that_it_serves():
    (health,) = of("HEALTHCHECK")
    assert health.words == ("python", "-m", probe.__name__)
    (port,) = of("EXPOSE")
    assert port.words == ("8080",)


def test_every_package_of_the_engine_is_copied():
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    copied = {each.words for each in of("COPY", INSTRUCTIONS)}
    assert {(name, f"/app/{name}") for name in packages["packages"]} <= copied


def test_the_context_shows_what_is_copied_and_nothing_else():
    rules = read_context_rules()
    shown = {file.relative_to(ROOT).as_posix() for file in shown_files(rules)}
    sources = {each.words[0] for each in of("COPY", INSTRUCTIONS) if not each.options}
    assert all(any(f"{file}/".startswith(f"{source}/") for file in shown) for source in sources)
    left = {file for file in shown if not any(f"{file}/".startswith(f"{source}/") for source in sources)}
    assert left == {"deploy/image/Dockerfile"}
    assert not [file for file in shown if "__pycache__" in file or ".env" in file or file.startswith(("var/", ".git/"))]


@pytest.mark.parametrize("file", [".env", "var/embutidos.json", "serve/.env", ".git/config", "tests/conftest.py"])
def test_the_context_does_not_show(tmp_path, file):
    place = tmp_path / file
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("x")
    assert not shown_files(read_context_rules(), tmp_path)


def test_compose_runs_the_image_with_nothing_to_write_on_and_no_rights():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    ours = {name: service for name, service in services.items() if "build" in service}
    assert ours
    for service in ours.values():
        assert service["read_only"] is True
        assert service["user"] == USER
        assert service["cap_drop"] == ["ALL"]
        assert (service["tmpfs"], service["volumes"]) == (["/tmp"], ["escore:/var/escore"])
        assert service["ulimits"] == {"core": 1}
    assert all(service["security_opt"] == ["no-new-privileges:true"] for service in services.values())
