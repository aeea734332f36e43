"""Every setting that the code reads is set by a template or left out for a reason, and no template sets another."""

from __future__ import annotations

import inspect
import json
import re
import uuid
from datetime import date
from types import SimpleNamespace
from typing import Any

import yaml
from prefect import flow_engine
from prefect.states import Failed

from contracts.errors import GateError
from contracts.settings import PREFIX, RANGE_SETTINGS, RUN_SETTINGS, Settings
from deploy.package.bundles import ROOT
from deploy.supply.dockerfile import DOCKERFILE, read_instructions
from deploy.templates import FOLDER, load_templates, walk
from flows.prefect_pool import POOL, QUEUES
from flows.prefect_setup import AUTOMATIONS_FILE, DEPLOYMENTS_FILE
from flows.run_summary import _headline
from serve.api.metrics import Metrics
from serve.app import SYSTEM_A, SYSTEM_B, SYSTEM_C

LEFT_OUT = {
    "SCORE_JWT_SECRET": "signs development tokens, which production refuses",
    "SCORE_PREFECT_API_URL": "PREFECT_API_URL is set, which comes first and which Prefect's own programs read too",
    "SCORE_REDIS_API_URL": "each system is given the API's own login as SCORE_REDIS_URL, and no other",
    "SCORE_WEB_ORIGINS": "CloudFront has the page under the API's own host: no other origin reads the API",
    "SCORE_REPORTS_URL": "reports lie on a task's own disk, which nobody serves",
    "SCORE_OTLP_ENDPOINT": "no collector of traces is part of this installation",
    "SCORE_DASK_WORKER_MIB": "is read with SCORE_DASK=local alone; here workers are tasks with a limit of their own",
}
TEMPLATES = load_templates()
NAME = re.compile(rf"(?<![A-Z_]){PREFIX}[A-Z_]+")
KEYS = {"current": "SCORE_CACHE_KEY", "next": "SCORE_CACHE_KEY_NEXT", "earlier": "SCORE_CACHE_KEYS_EARLIER"}
"""What one secret of keys becomes: logins.py beside the code takes it apart."""
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
    given = of(template, logical)
    names = {name.removeprefix("LOGIN_") for name in given}
    keys = set(KEYS.values()) if "CACHE_KEYS" in given else set()
    return keys | {name for name in names if name.startswith(PREFIX)}


def test_what_the_code_reads_is_set_and_what_is_set_is_read():
    given = {
        name
        for stack, template in TEMPLATES.items()
        for logical in template["Resources"]
        for name in settings_of(stack, logical)
    }
    assert set(NAME.findall("\n".join(file.read_text("utf-8") for file in FOLDER.glob("*.yaml")))) <= given
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
    for task, needs in {"Run": (*RUN_SETTINGS, "lake", "dask"), "Range": (*RANGE_SETTINGS, "lake")}.items():
        assert {f"{PREFIX}{name.upper()}" for name in needs} <= settings_of("workers", f"{task}Task"), task
    assert set(KEYS.values()) <= settings_of("workers", "RunTask") & settings_of("system-c", "System")


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
    read = {alarm["MetricName"] for alarm in alarms if alarm.get("Namespace") == "escore"}
    assert read
    assert read <= made


def test_every_measure_on_the_dashboard_and_of_an_alarm_is_documented_with_its_labels():
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text("utf-8")
    rows = re.findall(r"^\| `(escore_\w+)` \| \w+ \| [^|]+ \|([^|]*)\|", page, re.MULTILINE)
    labels = {name: set(re.findall(r"`(\w+)`", told)) for name, told in rows}
    resources = TEMPLATES["watch"]["Resources"]
    board = json.loads(resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    read = [
        (metric[1], set(metric[2::2]))
        for widget in board["widgets"]
        for metric in widget["properties"].get("metrics", [])
        if metric[0] == "escore"
    ]
    for body in resources.values():
        if body["Type"].endswith("Alarm") and body["Properties"].get("Namespace") == "escore":
            given = body["Properties"].get("Dimensions", [])
            read.append((body["Properties"]["MetricName"], {each["Name"] for each in given}))
    of_serve = [(name, dimensions) for name, dimensions in read if name.startswith("escore_")]
    assert len(of_serve) > 5
    for name, dimensions in of_serve:
        assert dimensions - {"sistema"} <= labels[name], name
    counted = {each["MetricName"] for body in filters() for each in body["MetricTransformations"]}
    assert {name for name, _ in read if not name.startswith("escore_")} == counted


def filters() -> list[dict[str, Any]]:
    found = TEMPLATES["watch"]["Resources"].values()
    return [body["Properties"] for body in found if body["Type"] == "AWS::Logs::MetricFilter"]


def test_what_is_counted_is_what_a_run_says():
    """CloudWatch counts a line that holds each of the pattern's quoted words."""
    run = SimpleNamespace(execucao_id=uuid.uuid4(), as_of=date(2026, 10, 31), model_version="m")
    told = SimpleNamespace(run=run, fingerprint="f", reading="full", resumed_ranges=0)
    good, bad = (_headline(SimpleNamespace(**vars(told), published=state)).plain for state in (True, False))
    words = "Finished in state"
    assert f'f"{words} {{display_state}}"' in inspect.getsource(flow_engine)
    failed = f"{words} {Failed(message=f'Flow run encountered an exception: {GateError.__name__}: broken')}"
    patterns = {
        body["MetricTransformations"][0]["MetricName"]: re.findall('"([^"]+)"', body["FilterPattern"])
        for body in filters()
    }

    def counted(line: str) -> set[str]:
        return {name for name, terms in patterns.items() if all(term in line for term in terms)}

    assert counted(good.splitlines()[0]) == {"execucoes_publicadas"}
    assert counted(bad.splitlines()[0]) == set()
    assert counted(failed) == {"execucoes_falhas", "portas_quebradas"}
    assert counted(f"{words} Completed()") == set()


def test_the_runbook_says_what_to_do_for_each_alarm_and_no_other():
    alarms = {name for name, body in TEMPLATES["watch"]["Resources"].items() if body["Type"].endswith("Alarm")}
    page = (ROOT / "docs" / "how-to" / "operate-on-aws.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == alarms


def test_the_worker_takes_every_deployment_of_the_pool():
    declared = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
    worker = command_of("RunTask")
    assert {each["work_pool"]["name"] for each in declared} == {POOL} == {worker[worker.index("--pool") + 1]}
    assert {each["work_pool"]["work_queue_name"] for each in declared} == set(QUEUES)
    assert not {"--work-queue", "-q", "--limit", "-l"} & set(worker)  # all queues; the pool and the deployments limit


def test_range_workers_are_there_when_the_night_begins():
    (night,) = (
        each
        for each in yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
        if each["name"] == "night"
    )
    (schedule,) = night["schedules"]
    minute, hour = map(int, schedule["cron"].split()[:2])
    begins, ends = (TEMPLATES["workers"]["Parameters"][f"Night{word}"]["Default"] for word in ("Begins", "Ends"))
    up, down = (int(clock[1]) * 60 + int(clock[0]) for clock in (re.findall(r"\d+", each) for each in (begins, ends)))
    assert up + 10 <= 60 * hour + minute < down
    actions = TEMPLATES["workers"]["Resources"]["Night"]["Properties"]["ScheduledActions"]
    assert {each["Timezone"] for each in actions} == {schedule["timezone"]} == {"America/Sao_Paulo"}


def test_a_server_of_prefect_elsewhere_takes_the_place_of_our_own():
    resources = TEMPLATES["workers"]["Resources"]
    own = {name for name, body in resources.items() if body.get("Condition") == "HasOwnPrefect"}
    assert own == {"PrefectStart", "PrefectTask", "PrefectName", "PrefectService"}
    for task in ("RunTask", "RangeTask"):
        address = of("workers", task)["PREFECT_API_URL"]
        assert address["Fn::If"][0] == "HasOwnPrefect"
        assert address["Fn::If"][2] == {"Ref": "PrefectApiUrl"}
    assert "PREFECT_API_KEY" in of("workers", "RunTask")


def test_the_worker_has_what_the_set_up_of_prefect_reads():
    copied = {each.words for each in read_instructions(DOCKERFILE.read_text("utf-8")) if each.name == "COPY"}
    assert {
        (str(file), f"/app/{file.parent}/".replace("/./", "/")) for file in (DEPLOYMENTS_FILE, AUTOMATIONS_FILE)
    } <= copied


def command_of(task: str) -> list[str]:
    found: list[str] = TEMPLATES["workers"]["Resources"][task]["Properties"]["ContainerDefinitions"][0]["Command"]
    return found
