"""Every setting that the code reads is set by a template or left out for a reason, and no template sets another."""

from __future__ import annotations

import importlib
import re

import yaml

from contracts.settings import PREFIX, RUN_SETTINGS, Settings
from deploy.templates import FOLDER, load_templates, walk
from serve.api.metrics import Metrics
from serve.app import SYSTEM_A, SYSTEM_B, SYSTEM_C

LEFT_OUT = {
    "SCORE_JWT_SECRET": "signs development tokens, which production refuses",
    "SCORE_PREFECT_API_URL": "PREFECT_API_URL is set, which comes first and which Prefect's own programs read too",
    "SCORE_OTLP_ENDPOINT": "no collector of traces is part of this installation",
    "SCORE_DASK_WORKER_MIB": "is read with SCORE_DASK=local alone; here workers are tasks with a limit of their own",
}
TEMPLATES = load_templates()
NAME = re.compile(rf"{PREFIX}[A-Z_]+")
READ = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}


def variables(value: object) -> dict[str, object]:
    """Return the variables that a resource is given, whichever service's way of saying it."""
    found: dict[str, object] = {}
    for part in walk(value):
        if not isinstance(part, dict):
            continue
        if str(part.get("Namespace", "")).startswith("aws:elasticbeanstalk:application:environment"):
            found[part["OptionName"]] = part["Value"]
        elif isinstance(part.get("Name"), str) and ("Value" in part or "ValueFrom" in part):
            found[part["Name"]] = part.get("Value", part.get("ValueFrom"))
        elif "Variables" in part:
            found |= part["Variables"]
    return found


def of(template: str, logical: str) -> dict[str, object]:
    return variables(TEMPLATES[template]["Resources"][logical])


def settings_of(template: str, logical: str) -> set[str]:
    names = {re.sub(r"^(LOGIN|SECRET)_", "", name) for name in of(template, logical)}
    return {name for name in names if name.startswith(PREFIX)}


def test_what_the_code_reads_is_set_and_what_is_set_is_read():
    given = set(NAME.findall("\n".join(file.read_text("utf-8") for file in FOLDER.glob("*.yaml"))))
    assert given - READ == set()
    assert READ - given == set(LEFT_OUT)
    assert all(len(reason) > 20 for reason in LEFT_OUT.values())


def test_each_program_has_what_it_asks_for():
    common = {"cache_key", "results_url", "env", "jwks"}
    for needs, (template, logical) in {
        SYSTEM_A: ("systems", "SystemA"),
        SYSTEM_B: ("systems", "SystemB"),
        SYSTEM_C: ("system-c", "System"),
    }.items():
        asked = {f"{PREFIX}{name.upper()}" for name in {*needs, *common}}
        assert asked <= settings_of(template, logical), logical
    assert {f"{PREFIX}{name.upper()}" for name in (*RUN_SETTINGS, "lake", "dask")} <= settings_of("workers", "RunTask")


def test_no_system_is_given_another_s_store():
    own = {"SystemA": "BASE_A", "SystemB": "BASE_B"}
    for logical, store in own.items():
        assert {name for name in settings_of("systems", logical) if "BASE" in name} == {f"SCORE_{store}_URL"}
    assert {name for name in settings_of("system-c", "System") if "BASE" in name} == {"SCORE_BASE_C_URL"}
    owners = [
        name for name in settings_of("workers", "RunTask") | settings_of("workers", "RangeTask") if "ADMIN" in name
    ]
    assert owners == []


def test_a_login_has_its_address_and_an_address_its_login():
    for name, template in TEMPLATES.items():
        for logical, body in template["Resources"].items():
            given = variables(body)
            logins = {each.removeprefix("LOGIN_") for each in given if each.startswith("LOGIN_")}
            holed = {key for key, value in given.items() if "{username}" in str(value) or "{password}" in str(value)}
            passed_on = {key for key in logins if given.get(key) == {"Ref": "BaseCUrl"}}
            assert logins == holed | passed_on, f"{name}: {logical}"


def test_every_measure_that_an_alarm_reads_is_made_somewhere():
    made = {
        f"{metric.name}_total" if metric.type == "counter" else metric.name for metric in Metrics().registry.collect()
    }
    made |= {"escore_auditoria_pendente_segundos", "escore_auditoria_pendente_bytes"}
    filters = [body for body in TEMPLATES["watch"]["Resources"].values() if body["Type"] == "AWS::Logs::MetricFilter"]
    made |= {each["MetricName"] for body in filters for each in body["Properties"]["MetricTransformations"]}
    alarms = [body["Properties"] for body in TEMPLATES["watch"]["Resources"].values() if body["Type"].endswith("Alarm")]
    read = {alarm["MetricName"] for alarm in alarms if alarm["Namespace"] == "escore"}
    assert read
    assert read <= made


def test_the_runbook_says_what_to_do_for_each_alarm_and_no_other():
    alarms = {name for name, body in TEMPLATES["watch"]["Resources"].items() if body["Type"].endswith("Alarm")}
    page = (FOLDER.parents[1] / "docs" / "how-to" / "operate-on-aws.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) - {"SCORE_CACHE_KEY"} == alarms


def test_the_night_s_deployment_names_a_flow_and_the_pool_that_the_worker_asks():
    night = yaml.safe_load((FOLDER.parents[1] / "prefect.yaml").read_text("utf-8"))["deployments"][0]
    module, _, flow = night["entrypoint"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), flow))
    worker = TEMPLATES["workers"]["Resources"]["RunTask"]["Properties"]["ContainerDefinitions"][0]["Command"]
    assert night["work_pool"]["name"] == worker[worker.index("--pool") + 1]
    assert [schedule["timezone"] for schedule in night["schedules"]] == ["America/Sao_Paulo"]
