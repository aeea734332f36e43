"""compose.yaml and the Kubernetes manifests keep to their schemas, and run everything with the least it needs."""

from __future__ import annotations

import re
import subprocess
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from contracts.secret_files import ENDING
from contracts.settings import PREFIX, RUN_SETTINGS, Settings, secret_fields
from deploy.package.bundles import ROOT
from deploy.supply.dockerfile import DOCKERFILE, read_instructions
from serve.app import SYSTEM_A, SYSTEM_B, SYSTEM_C

CHECKS = ROOT / ".venv" / "checks" / "bin"
MANIFESTS = sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
NEEDS = {"a": SYSTEM_A, "b": SYSTEM_B, "c": SYSTEM_C}
READ = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


def judged(tool: str, *words: str) -> subprocess.CompletedProcess[str]:
    assert (CHECKS / tool).exists(), "run scripts/install-checks"
    return subprocess.run([str(CHECKS / tool), *words], capture_output=True, text=True, check=False)


@cache
def documents() -> list[dict[str, Any]]:
    return [document for file in MANIFESTS for document in yaml.safe_load_all(file.read_text("utf-8"))]


def pods() -> list[dict[str, Any]]:
    found = []
    for document in documents():
        spec = document["spec"].get("jobTemplate", document).get("spec", {}) if "spec" in document else {}
        if "template" in spec:
            found.append(spec["template"]["spec"] | {"of": document["metadata"]["name"]})
    return found


def secret_files(pod: dict[str, Any]) -> dict[str, str]:
    """Return the files of secrets in a pod by their path, each with the name of the secret that it is of."""
    (container,) = pod["containers"]
    folders = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    return {
        f"{folders[volume['name']]}/{item['path']}": source["secret"]["name"]
        for volume in pod["volumes"]
        if "projected" in volume
        for source in volume["projected"]["sources"]
        for item in source["secret"]["items"]
    }


def settings_of(pod: dict[str, Any]) -> set[str]:
    """Return the settings that a pod is given: those of all, and those that lie in files."""
    (container,) = pod["containers"]
    shared = next(each["data"] for each in documents() if each["kind"] == "ConfigMap")
    given = {each["name"].removesuffix(ENDING) for each in container.get("env", ())}
    return given | (set(shared) if "envFrom" in container else set())


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


@cache
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    return found


def test_compose_has_the_four_real_stores_and_each_system_its_own():
    images = " ".join(service["image"] for service in services().values())
    assert all(store in images for store in ("oracle", "postgres:", "mongo:", "valkey"))
    for system, needs in NEEDS.items():
        service = services()[f"system-{system}"]
        given = set(service["environment"])
        assert {f"{PREFIX}{name.upper()}" for name in needs} <= given <= READ
        assert {name for name in given if "BASE" in name} == {f"SCORE_BASE_{system.upper()}_URL"}
        assert service["command"] == ["serve", "--host", "0.0.0.0", "--system", system]
        own = {"a": {"base-a"}, "b": set(), "c": {"base-c"}}[system]
        assert set(service["depends_on"]) == own | {"postgres", "redis"}


def test_compose_has_no_login_twice_and_the_same_as_its_file_of_variables():
    """One address a store, whoever is told it; from the host it is the same by another name and port."""
    told: dict[str, set[str]] = {}
    for service in services().values():
        for name, value in service.get("environment", {}).items():
            if name in READ:
                told.setdefault(name, set()).add(value)
    assert all(len(values) == 1 for values in told.values())
    lines = re.findall(r"^export (\w+)='(.*)'$", (ROOT / "deploy" / "compose.env").read_text(), re.M)
    hosts = r"@(?:base-a|postgres|base-c|redis|127\.0\.0\.1):"
    for name, value in lines:
        assert {re.sub(hosts, "@", text) for text in told.pop(name)} == {re.sub(hosts, "@", value)}, name
    assert set(told) == {"SCORE_AUDIT_MODE"}


def test_compose_s_engine_and_worker_have_what_a_run_asks_for():
    asked = {f"{PREFIX}{name.upper()}" for name in RUN_SETTINGS}
    assert all(asked <= set(services()[name]["environment"]) for name in ("engine", "worker"))


def test_the_page_has_the_three_systems_behind_it():
    page = services()["page"]
    assert set(page["depends_on"]) == {"system-a", "system-b", "system-c"}
    assert page["read_only"] is True
    assert (page["cap_drop"], page["cap_add"]) == (["ALL"], ["NET_BIND_SERVICE"])
    for volume in page["volumes"]:
        assert (ROOT / volume.split(":")[0]).exists()
        assert volume.endswith(":ro")


def test_every_pod_is_an_ordinary_user_s_with_nothing_to_write_on_and_no_token():
    assert {pod["of"] for pod in pods()} == {"system-a", "system-b", "system-c", "page", "night", "migrate"}
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["automountServiceAccountToken"] is False
        for container in (*pod["containers"], *pod.get("initContainers", ())):
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"], pod["of"]
            assert context["allowPrivilegeEscalation"] is False
            allowed = (
                {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]} if container["name"] == "page" else {"drop": ["ALL"]}
            )
            assert context["capabilities"] == allowed
            assert "memory" in container["resources"]["limits"]


def test_every_pod_starts_what_the_image_has():
    (entry,) = [each.words for each in read_instructions(DOCKERFILE.read_text("utf-8")) if each.name == "ENTRYPOINT"]
    assert entry == ("escore",)
    started = {pod["of"]: pod["containers"][0] for pod in pods()}
    for system in NEEDS:
        container = started[f"system-{system}"]
        assert container["args"][:3] == ["serve", "--system", system]
        assert container["livenessProbe"]["httpGet"]["path"] == "/saude/vivo"
        assert container["readinessProbe"]["httpGet"]["path"] == "/saude/pronto"
    assert started["migrate"]["args"] == ["migrate"]
    assert "args" not in started["night"]
    images = {
        container["image"] for pod in pods() for container in (*pod["containers"], *pod.get("initContainers", ()))
    }
    assert images == {"registry.example/escore:0.1.0", services()["page"]["image"]}


def test_the_night_is_of_the_day_before_in_sao_paulo():
    """In the base image there are no zones: a zone of its own has the hours."""
    (words,) = [pod["containers"][0]["command"] for pod in pods() if pod["of"] == "night"]
    assert words[:2] == ["sh", "-c"]
    told = subprocess.run(
        ["sh", "-c", words[2].replace("exec escore", "echo")], capture_output=True, text=True, check=True
    ).stdout.split()
    today = datetime.now(ZoneInfo("America/Sao_Paulo")).date()
    assert told[:3] == ["run", "--incremental", "--as-of"]
    assert date.fromisoformat(told[3]) - today in {timedelta(days=-1), timedelta(days=-2)}  # midnight may be between


def test_every_pod_has_the_settings_that_it_asks_for_and_no_other_store():
    for pod in pods():
        given = settings_of(pod)
        assert given <= READ
        system = pod["of"].removeprefix("system-")
        needs = NEEDS.get(system, () if system == "page" else RUN_SETTINGS)
        assert {f"{PREFIX}{name.upper()}" for name in needs} <= given, pod["of"]
        assert system == "page" or "SCORE_CACHE_KEY" in given
        if system in NEEDS:
            assert {name for name in given if "BASE" in name} == {f"SCORE_BASE_{system.upper()}_URL"}


def test_every_secret_lies_in_a_file_that_a_setting_names():
    secret = {f"{PREFIX}{name.upper()}" for name in secret_fields()}
    for pod in pods():
        (container,) = pod["containers"]
        named = {each["name"]: each["value"] for each in container.get("env", ())}
        assert all(name.endswith(ENDING) and name.removesuffix(ENDING) in secret for name in named), pod["of"]
        assert set(named.values()) == set(secret_files(pod)), pod["of"]
        assert not settings_of(pod) & secret - {name.removesuffix(ENDING) for name in named}


def test_a_system_logs_in_as_the_api_and_the_night_as_the_engine():
    for pod in pods():
        logins = {name for name in secret_files(pod).values() if name.startswith(("escore-results-", "escore-cache-"))}
        roles = {name.rpartition("-")[2] for name in logins}
        expected = {"migrate": {"engine", "owner", "key"}, "night": {"engine", "key"}, "page": set()}
        assert roles == expected.get(pod["of"], {"api", "key"})


def test_no_manifest_holds_a_secret():
    text = "\n".join(file.read_text("utf-8") for file in MANIFESTS)
    assert not re.search(r"://[^/\s]*:[^/\s]*@", text)
    assert not [each for each in documents() if each["kind"] == "Secret"]
