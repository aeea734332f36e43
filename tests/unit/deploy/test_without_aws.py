"""compose.yaml and the Kubernetes manifests keep to their schemas, and run everything with the least it needs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.settings import PREFIX, RUN_SETTINGS, Settings
from deploy.bundles import ROOT
from serve.app import SYSTEM_A, SYSTEM_B, SYSTEM_C

CHECKS = ROOT / ".venv" / "checks" / "bin"
MANIFESTS = sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
NEEDS = {"a": SYSTEM_A, "b": SYSTEM_B, "c": SYSTEM_C}
READ = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


def judged(tool: str, *words: str) -> subprocess.CompletedProcess[str]:
    assert (CHECKS / tool).exists(), "run scripts/install-checks"
    return subprocess.run([str(CHECKS / tool), *words], capture_output=True, text=True, check=False)


def documents() -> list[dict[str, Any]]:
    return [document for file in MANIFESTS for document in yaml.safe_load_all(file.read_text("utf-8"))]


def pods() -> list[dict[str, Any]]:
    found = []
    for document in documents():
        spec = document["spec"].get("jobTemplate", document).get("spec", {}) if "spec" in document else {}
        if "template" in spec:
            found.append(spec["template"]["spec"] | {"of": document["metadata"]["name"]})
    return found


def variables(container: dict[str, Any]) -> set[str]:
    shared = next(each["data"] for each in documents() if each["kind"] == "ConfigMap")
    return {each["name"] for each in container["env"]} | set(shared)


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: file.stem)
def test_a_manifest_keeps_to_kubernetes_schemas(file):
    done = judged("kubernetes-validate", "--strict", "--quiet", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_manifest_that_does_not_is_found(tmp_path: Path):
    broken = tmp_path / "broken.yaml"
    broken.write_text(
        (ROOT / "deploy" / "kubernetes" / "migrate.yaml").read_text().replace("backoffLimit", "backofLimit")
    )
    assert judged("kubernetes-validate", "--strict", str(broken)).returncode


def test_compose_keeps_to_its_schema(tmp_path: Path):
    file = ROOT / "compose.yaml"
    schema = ("--builtin-schema", "vendor.compose-spec")
    done = judged("check-jsonschema", *schema, str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    broken = tmp_path / "compose.yaml"
    broken.write_text(file.read_text().replace("healthcheck:", "healthchek:"))
    assert judged("check-jsonschema", *schema, str(broken)).returncode


def test_compose_has_the_four_real_stores_and_each_system_its_own():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    images = " ".join(service["image"] for service in services.values())
    assert all(store in images for store in ("oracle", "postgres:", "mongo:", "valkey"))
    for system, needs in NEEDS.items():
        given = set(services[f"system-{system}"]["environment"])
        assert {f"{PREFIX}{name.upper()}" for name in needs} <= given <= READ
        assert {name for name in given if "BASE" in name} == {f"SCORE_BASE_{system.upper()}_URL"}
        assert all(port.startswith("127.0.0.1:") for port in services[f"system-{system}"]["ports"])


def test_every_pod_is_an_ordinary_user_s_with_nothing_to_write_on_and_no_token():
    assert {pod["of"] for pod in pods()} == {"system-a", "system-b", "system-c", "night", "migrate"}
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"], pod["of"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in container["resources"]["limits"]


def test_every_pod_has_the_settings_that_it_asks_for_and_no_other_store():
    for pod in pods():
        (container,) = pod["containers"]
        given = variables(container)
        assert given <= READ
        system = pod["of"].removeprefix("system-")
        needs = NEEDS.get(system, RUN_SETTINGS)
        assert {f"{PREFIX}{name.upper()}" for name in (*needs, "cache_key")} <= given, pod["of"]
        if system in NEEDS:
            assert {name for name in given if "BASE" in name} == {f"SCORE_BASE_{system.upper()}_URL"}


def test_no_manifest_holds_a_secret():
    text = "\n".join(file.read_text("utf-8") for file in MANIFESTS)
    assert not re.search(r"://[^/\s]*:[^/\s]*@", text)
    assert not [each for each in documents() if each["kind"] == "Secret"]
