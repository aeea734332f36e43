"""Whoever starts the image starts what is in it: tasks on Fargate, compose's services, pods."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from deploy.package.bundles import RUNTIME
from deploy.supply.dockerfile import DOCKERFILE, ROOT, read_instructions
from deploy.templates import load_templates

COPIED = {each.words for each in read_instructions(DOCKERFILE.read_text("utf-8")) if each.name == "COPY"}
CONTAINERS = {
    container["Name"]: container
    for template in load_templates().values()
    for body in template["Resources"].values()
    if body["Type"] == "AWS::ECS::TaskDefinition"
    for container in body["Properties"]["ContainerDefinitions"]
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_task_fills_its_logins_in_before_its_command(name):
    container: dict[str, Any] = CONTAINERS[name]
    assert container["EntryPoint"] == ["python", "/app/with_logins.py"]
    assert (RUNTIME / "with_logins.py").is_file()
    program, *words = container["Command"]
    assert program in {"escore", "prefect", "dask"} or (program == "python" and (RUNTIME / words[0]).is_file())


def test_what_fills_logins_in_and_the_certificates_are_in_the_image():
    assert {(str(RUNTIME.relative_to(ROOT)), "/app"), ("deploy/image/certs", "/app/certs")} <= COPIED


def test_a_task_s_health_is_asked_by_a_module_that_is_in_the_image():
    asked = [each["HealthCheck"]["Command"] for each in CONTAINERS.values() if "HealthCheck" in each]
    assert asked
    for command in asked:
        assert command[:3] == ["CMD", "python", "-m"]
        module = importlib.util.find_spec(command[3])
        assert module is not None
        assert ROOT in Path(str(module.origin)).parents
        package = command[3].split(".")[0]
        assert (package, f"/app/{package}") in COPIED
