"""``escore prefect local`` on a real server: deployed, run by its schedule, shown in the pages; automations fire."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Page
from prefect.client.orchestration import SyncPrefectClient

from contracts.settings import PREFIX
from flows.left_runs import cancel_left_runs
from flows.prefect_blocks import RUN_SECRETS, block_name
from flows.run_plan import MAX_TASKS
from tests.browser import launched
from tests.flows.conftest import AS_OF, CLIENTS, RANGE_SIZE, Night, environment_of, escore, roll_back, succeed

ROOT = Path(__file__).parents[2]
PATIENCE = 300.0
DEPLOYMENTS = {
    "score-clients/night": ("0 1 * * *", "ENQUEUE", "night"),
    "train-model/training": ("0 9 2 * *", "CANCEL_NEW", "models"),
    "monitor-model/monitor": ("0 8 * * 1", "CANCEL_NEW", "models"),
    "erase-requested/erasures": ("*/15 * * * *", "CANCEL_NEW", "erasures"),
}
TASKS_OF_ITS_OWN = 3
TOLD_ONCE, TOLD_A_TASK = 40, 4
"""Lines of log and events at most: docs/reference/figures.md, requests to Prefect."""
SMALLEST_PLAN = 2_000
"""Lines of log and events that Prefect Cloud's Hobby plan takes in a minute."""
ASSETS = "DOCS_ASSETS"
"""Variable with the folder, relative to the repository, that the pictures for the documentation go to."""


def until(asked: Callable[[], Any], *, seconds: float = PATIENCE) -> Any:
    """Return the first answer that is not empty."""
    last = time.monotonic() + seconds
    while not (found := asked()):
        assert time.monotonic() < last, "waited in vain"
        time.sleep(0.5)
    return found


@dataclass
class Cloud:
    """A Prefect server that is set up, and a worker on it; where its notices go, and the run that was scheduled."""

    night: Night
    api: httpx.Client
    notices: list[str]
    process: subprocess.Popen[str]
    said: str
    run: dict[str, Any]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Return what the server answers; a busy one, whose database is locked, is asked again as clients do."""

        def answered() -> httpx.Response | None:
            answer = self.api.request(method, path, json=body)
            return None if answer.status_code == 503 else answer

        answer = until(answered)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def get(self, path: str) -> Any:
        return self.ask("GET", path)

    def post(self, path: str, **body: Any) -> Any:
        return self.ask("POST", path, body)

    def deployment(self, name: str) -> dict[str, Any]:
        return self.get(f"/deployments/name/{name}")

    def start(self, name: str, **parameters: Any) -> str:
        made = self.post(f"/deployments/{self.deployment(name)['id']}/create_flow_run", parameters=parameters)
        return str(made["id"])

    def pause(self) -> None:
        """Let no schedule start a run any more, whatever the hour is; runs that it has started end first."""
        deployed = [self.deployment(name)["id"] for name in DEPLOYMENTS]
        for one in deployed:
            self.post(f"/deployments/{one}/pause_deployment")
        going = {"state": {"type": {"any_": ["PENDING", "RUNNING"]}}}
        until(lambda: not self.post("/flow_runs/filter", deployments={"id": {"any_": deployed}}, flow_runs=going))

    def ended(self, run_id: str) -> dict[str, Any]:
        def state() -> dict[str, Any]:
            run = self.get(f"/flow_runs/{run_id}")
            return run if run["state_type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"} else {}

        return until(state)

    def logs(self, run_id: str) -> list[str]:
        asked = {"logs": {"flow_run_id": {"any_": [run_id]}}, "sort": "TIMESTAMP_ASC"}
        return [line["message"] for line in self.post("/logs/filter", **asked)]

    def artifacts(self, run_id: str) -> dict[str, dict[str, Any]]:
        found = self.post("/artifacts/filter", artifacts={"flow_run_id": {"any_": [run_id]}})
        return {one["key"] or one["type"]: one for one in found}

    def noticed(self, text: str) -> str:
        return until(lambda: next((one for one in self.notices if text in one), ""))


@pytest.fixture(scope="module")
def notices() -> Iterator[tuple[str, list[str]]]:
    """An address that takes notices, and what it took."""
    taken: list[str] = []

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append(json.loads(body)["text"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/segredo-do-aviso", taken
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def cloud(night: Night, notices: tuple[str, list[str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The program as `make prefect` starts it; Ctrl-C ends it."""
    assert night.settings.prefect_api_url is not None
    folder = tmp_path_factory.mktemp("aviso")
    (folder / "endereco").write_text(notices[0] + "\n")
    command = [sys.executable, "-m", "flows.cli", "prefect", "local", "--as-of", AS_OF.isoformat()]
    process = subprocess.Popen(
        [*command, "--root", str(ROOT), "--notice-url-file", str(folder / "endereco")],
        env=environment_of(night.settings, PYTHONPATH=str(ROOT), PYTHONUNBUFFERED="1"),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said: list[str] = []

    def listen() -> None:
        assert process.stdout is not None
        said.extend(iter(process.stdout.readline, ""))

    threading.Thread(target=listen, daemon=True).start()
    try:
        until(lambda: "Ctrl-C ends" in "".join(said) or process.poll() is not None)
        log = night.settings.var / "prefect-worker.log"
        told = "".join(said)
        assert process.poll() is None, told + (log.read_text()[-4000:] if log.exists() else "")
        [run_id] = re.findall(r"/runs/flow-run/(\S+)", told)
        with httpx.Client(base_url=night.settings.prefect_api_url, timeout=30) as api:
            run = api.get(f"/flow_runs/{run_id}").json()
            cloud = Cloud(night, api, notices[1], process, told, run)
            cloud.pause()
            yield cloud
            for name in DEPLOYMENTS:  # so that the server is as quiet as before for other tests
                cloud.ask("DELETE", f"/deployments/{cloud.deployment(name)['id']}")
        roll_back(night.settings)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=100) == 0
    finally:
        process.terminate()  # and with it the worker
        process.wait(timeout=100)


def test_the_night_ran_by_its_schedule(cloud):
    assert cloud.run["state_type"] == "COMPLETED"
    assert cloud.run["auto_scheduled"] is True
    assert cloud.run["parameters"] == {"incremental": False, "retries": 6, "as_of": "2025-12-31"}
    assert cloud.run["deployment_id"] == cloud.deployment("score-clients/night")["id"]
    [published] = cloud.night.query("select count(*) from execucao where situacao = 'publicada'")
    assert published == (1,)
    assert [s["slug"] for s in cloud.deployment("score-clients/night")["schedules"]] == ["every-night"]


def test_deployments_are_as_declared(cloud):
    for name, (cron, collision, queue) in DEPLOYMENTS.items():
        found = cloud.deployment(name)
        [schedule] = found["schedules"]
        assert (schedule["schedule"]["cron"], schedule["schedule"]["timezone"]) == (cron, "America/Sao_Paulo")
        assert schedule["active"]
        assert found["global_concurrency_limit"]["limit"] == 1
        assert found["concurrency_options"]["collision_strategy"] == collision
        assert (found["work_pool_name"], found["work_queue_name"]) == ("escore", queue)
        assert found["entrypoint"].startswith("flows."), "by module, never by file"
        assert found["entrypoint"].count(":") == 0
        assert found["enforce_parameter_schema"] is True
        assert found["version"] == "0.1.0"
        assert found["tags"][0] == "escore"
        assert len(found["description"]) > 80


def test_the_form_of_a_night_is_typed_described_and_bounded(cloud):
    schema = cloud.deployment("score-clients/night")["parameter_openapi_schema"]
    found = schema["properties"]
    assert list(found) == ["as_of", "model_version", "fresh", "incremental", "retries"]
    assert found["as_of"]["anyOf"] == [{"type": "string", "format": "date"}, {"type": "null"}]
    assert "default" not in schema.get("required", [])
    assert found["as_of"]["description"].startswith("Reference date; when it is not given, the day before the run")
    assert (found["fresh"]["type"], found["fresh"]["default"]) == ("boolean", False)
    assert (found["retries"]["type"], found["retries"]["minimum"], found["retries"]["maximum"]) == ("integer", 0, 20)
    for name in DEPLOYMENTS:
        for parameter in cloud.deployment(name)["parameter_openapi_schema"]["properties"].values():
            assert parameter["description"].endswith("."), parameter
            assert "`" not in parameter["description"]
    refused = cloud.api.post(
        f"/deployments/{cloud.deployment('score-clients/night')['id']}/create_flow_run",
        json={"parameters": {"retries": 21}},
    )
    assert refused.status_code == 409, "the server holds a run to the form"


def test_secrets_are_in_blocks_alone(cloud, embedded):
    """The worker knew none of them, and the night ran."""
    settings = cloud.night.settings
    pool = cloud.get("/work_pools/escore")
    environment = pool["base_job_template"]["variables"]["properties"]["env"]["default"]
    held = [name for name in RUN_SECRETS if getattr(settings, name) is not None]
    assert len(held) >= 6
    for name in held:
        assert environment[PREFIX + name.upper()] == f"{{{{ prefect.blocks.secret.{block_name(name)} }}}}"
    told = json.dumps([pool, cloud.run, *map(cloud.deployment, DEPLOYMENTS), *cloud.post("/block_documents/filter")])
    home = embedded.var / "embutidos" / "prefect"
    files = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    assert len(files) > 2
    for name in (*held, "jwt_secret", "results_admin_url", "base_a_admin_url"):
        secret = settings.secret(name)
        assert secret not in told, name
        assert not [1 for data in files if secret.encode() in data], name
    assert "segredo-do-aviso" not in told
    assert PREFIX + "JWT_SECRET" not in environment
    assert environment[PREFIX + "RANGE_SIZE"] == str(settings.range_size)


def test_the_night_is_told_at_a_glance_and_leads_to_its_report(cloud):
    [line] = [text for text in cloud.logs(cloud.run["id"]) if "report of run" in text]
    path = Path(unquote(urlsplit(line.rsplit(" ", 1)[1]).path))
    assert "<html" in path.read_text()
    found = cloud.artifacts(cloud.run["id"])
    assert {"execucao", "contagens", "rejeitados", "portas", "progress"} <= set(found)
    assert found["progress"]["data"] == 100.0
    assert found["execucao"]["data"].startswith("# Noite publicada: 2025-12-31")
    assert path.as_uri() in found["execucao"]["data"]
    assert path.stat().st_mode & 0o077 == 0, "a run of a worker keeps its files to itself, as the command does"


def test_the_queue_of_erasures_is_worked_on_and_prefect_is_told_counts(cloud):
    """Of somebody who is not known: the night is other tests' too. test_erasure_queue.py erases who is."""
    stranger = "7b1f2c9e-5d34-4e0a-9c86-2f1a0b3c4d5e"
    asked = succeed(escore(cloud.night.settings, "erase", "--cliente", stranger, "--later", "--json"))
    run = cloud.ended(cloud.start("erase-requested/erasures"))
    assert run["state_type"] == "COMPLETED"
    [listed] = json.loads(succeed(escore(cloud.night.settings, "erasures", "list", "--json")).stdout)
    assert listed["id"] == json.loads(asked.stdout)["id"]
    assert (listed["situacao"], listed["tentativas"]) == ("desconhecido", 1)
    [row] = json.loads(cloud.artifacts(run["id"])["apagamentos"]["data"])
    assert (row["concluídos agora"], row["sem registro"], row["ainda na fila"]) == (0, 1, 0)
    told = json.dumps([run, cloud.logs(run["id"]), row, cloud.post("/flow_runs/filter")]) + asked.stdout + asked.stderr
    assert stranger not in told


def test_automations_fire(cloud):
    """A run that fails, one that nobody takes, nights that stay away, and drift; each notice names nobody."""
    names = {one["name"]: one for one in cloud.post("/automations/filter")}
    assert {f"escore: {name}" for name in ("a run failed", "a run is late", "a run hangs", "drift")} <= set(names)
    queue = "/work_pools/escore/queues/models"
    cloud.ask("PATCH", queue, {"is_paused": True})  # no worker takes what lies in it
    late = cloud.start("monitor-model/monitor")
    failing = cloud.start("score-clients/night", as_of="2999-12-31")
    event = {
        "occurred": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "event": "escore.monitor.alerta",
        "id": str(uuid4()),
        "resource": {"prefect.resource.id": "escore.modelo.2025-12-31-5cfce3e2"},
        "payload": {"relatorio": "/relatorios/monitor.html", "data_referencia": "2025-12-31"},
    }
    cloud.ask("POST", "/events", [event])
    missing = names["escore: no night was published"]
    declared = {key: missing[key] for key in ("name", "description", "enabled", "trigger", "actions")}
    soon = declared["trigger"] | {"within": 10.0, "expect": ["escore.nunca"]}
    cloud.ask("PUT", f"/automations/{missing['id']}", declared | {"trigger": soon})
    assert "escore runs list" in cloud.noticed("no night in 26 hours")
    cloud.ask("PUT", f"/automations/{missing['id']}", declared)
    assert failing in cloud.noticed("score-clients Failed")
    assert late in cloud.noticed("monitor-model is late")
    assert "escore.modelo.2025-12-31-5cfce3e2: /relatorios/monitor.html" in cloud.noticed("escore.monitor.alerta")
    training = {"deployments": {"id": {"any_": [cloud.deployment("train-model/training")["id"]]}}}
    [candidate] = until(lambda: cloud.post("/flow_runs/filter", **training))
    assert candidate["parameters"] == {"dates": 3, "promote": False, "as_of": "2025-12-31"}
    for run_id in (late, candidate["id"]):
        cloud.ask("DELETE", f"/flow_runs/{run_id}")
    cloud.ask("PATCH", queue, {"is_paused": False})
    assert any("ended in São Paulo" in line for line in cloud.logs(failing))


def test_runs_that_a_stopped_worker_left_are_cancelled(cloud):
    """Those begun since it was started, whose process is gone."""
    queue = "/work_pools/escore/queues/models"
    cloud.ask("PATCH", queue, {"is_paused": True})  # the worker of these tests takes none of them
    older, left, alive = (cloud.start("monitor-model/monitor") for _ in range(3))
    cloud.post(f"/flow_runs/{older}/set_state", state={"type": "RUNNING"}, force=True)
    began = datetime.now(UTC)
    for run_id in (left, alive):
        cloud.post(f"/flow_runs/{run_id}/set_state", state={"type": "RUNNING"}, force=True)
    cloud.ask("PATCH", f"/flow_runs/{alive}", {"infrastructure_pid": str(os.getpid())})
    with SyncPrefectClient(api=str(cloud.night.settings.prefect_api_url)) as client:
        assert cancel_left_runs(client, since=began, patience=0.2) == 1
    assert [cloud.get(f"/flow_runs/{run_id}")["state_type"] for run_id in (older, left, alive)] == [
        "RUNNING",
        "CANCELLED",
        "RUNNING",
    ]
    for run_id in (older, left, alive):
        cloud.ask("DELETE", f"/flow_runs/{run_id}")
    cloud.ask("PATCH", queue, {"is_paused": False})


def test_a_night_of_any_size_tells_prefect_less_than_the_smallest_plan_takes_in_a_minute(cloud):
    """Lines of log and events, as the server holds them: few of the night's own, few a task, and tasks are bounded."""
    run = {"flow_runs": {"id": {"any_": [cloud.run["id"]]}}}
    tasks = cloud.post("/task_runs/count", **run)
    assert TASKS_OF_ITS_OWN < tasks <= ceil(CLIENTS * 1.05 / RANGE_SIZE) + TASKS_OF_ITS_OWN, "dirt adds some consumers"
    about = {"any_resource": {"id": [f"prefect.flow-run.{cloud.run['id']}"]}}
    told = cloud.post("/events/filter", filter=about, limit=1)["total"] + len(cloud.logs(cloud.run["id"]))
    assert told > 3 * tasks, "it is counted"
    assert told <= TOLD_ONCE + TOLD_A_TASK * tasks
    assert TOLD_ONCE + TOLD_A_TASK * (MAX_TASKS + TASKS_OF_ITS_OWN) < SMALLEST_PLAN / 2


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, cloud: Cloud) -> Iterator[Page]:
    """A page that is let out to the server alone, and remembers whom it asked."""
    asked: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 820}, color_scheme="dark")
    context.route(
        lambda url: urlsplit(url).hostname not in {"127.0.0.1", None},
        lambda route: (asked.append(route.request.url), route.abort()),
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    yield page
    context.close()
    assert not asked, "the pages work offline"


def take_picture(page: Page, folder: Path, name: str) -> None:
    page.wait_for_timeout(500)
    path = folder / name
    page.screenshot(path=path)
    assert path.stat().st_size > 20_000
    if assets := os.environ.get(ASSETS):
        shutil.copy(path, ROOT / assets / name)


def test_the_pages_show_runs_form_and_summary(cloud, page, tmp_path):
    """Offline, on loopback; the pictures are those of docs/how-to/schedule-on-prefect-cloud.md."""
    base = str(cloud.night.settings.prefect_api_url).removesuffix("/api")
    page.goto(f"{base}/runs")
    page.get_by_text(cloud.run["name"]).first.wait_for()
    take_picture(page, tmp_path, "prefect-runs.png")
    page.goto(f"{base}/deployments/deployment/{cloud.run['deployment_id']}/run")
    page.get_by_text("Reference date; when it is not given").wait_for()
    page.get_by_text("How often to go on").wait_for()
    take_picture(page, tmp_path, "prefect-parameters.png")
    page.goto(f"{base}/artifacts/artifact/{cloud.artifacts(cloud.run['id'])['execucao']['id']}")
    page.get_by_role("heading", name="Noite publicada: 2025-12-31").wait_for()
    page.get_by_role("cell", name="com dados insuficientes").wait_for()
    take_picture(page, tmp_path, "prefect-artifact.png")
