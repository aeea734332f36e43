"""The commands ``escore prefect ...``: a Prefect server brought to the declared state, and a scheduled night here."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from contracts.errors import GateError, SettingsError
from contracts.settings import load_settings
from flows.commands.flow_calls import point_prefect_at_its_server, prefect_answers
from flows.commands.options import AsJson, OptionalAsOf
from flows.commands.output import ERR, OUT, print_json, print_values
from flows.commands.panels import examples
from flows.commands.stopping import end_as_by_ctrl_c

prefect_app = typer.Typer(
    help="Prefect: set up a server or Prefect Cloud; see a scheduled run here.", no_args_is_help=True
)

Root = Annotated[Path, typer.Option("--root", help="The repository: prefect.yaml and deploy/prefect are read from it.")]


NoticeFile = Annotated[
    Path | None,
    typer.Option("--notice-url-file", help="File with the address that notices are posted to, as JSON with `text`."),
]


@prefect_app.command(
    epilog=examples(
        "escore prefect setup",
        "escore prefect setup --notice-url-file /run/secrets/notice_url  # where notices go to",
        "escore prefect setup --no-blocks  # secrets stay with the worker",
    )
)
def setup(
    root: Root = Path(),
    blocks: Annotated[
        bool, typer.Option(help="Lay the secrets that runs need in Secret blocks; or leave them with the worker.")
    ] = True,
    notice_url_file: NoticeFile = None,
    as_json: AsJson = False,
) -> None:
    """Bring Prefect to what the repository declares: blocks, work pool, queues, deployments, automations.

    Safe to repeat: do it after every change of prefect.yaml, of deploy/prefect/automations.yaml or of a setting. Which
    server is told by PREFECT_API_URL, and PREFECT_API_KEY for Prefect Cloud. An address of notices stays until another
    is given.
    """
    notice_url = _address(notice_url_file)
    settings = point_prefect_at_its_server(("prefect_api_url",))
    from flows.prefect_setup import set_up

    with prefect_answers():
        done = set_up(settings, root=root, notice_url=notice_url, with_blocks=blocks)
    if as_json:
        told = {"blocos": list(done.blocks), "variaveis": list(done.variables), "automacoes": done.automations}
        print_json(told)
    else:
        print_values("blocks", dict.fromkeys(done.blocks, "saved") or {"-": "secrets stay with the worker"})
        print_values("automations", done.automations)


@prefect_app.command(epilog=examples("escore prefect local", "escore prefect local --exit  # for a test"))
def local(
    root: Root = Path(),
    as_of: OptionalAsOf = None,
    notice_url_file: NoticeFile = None,
    leave: Annotated[bool, typer.Option("--exit", help="End after the run, and stop the worker.")] = False,
) -> None:
    """Start a local Prefect server and a worker, deploy everything, and let a schedule start a night.

    From nothing: embedded stores, 2,000 generated consumers and a model are made first. The pages stay up until Ctrl-C;
    the stores and the server stay up after it, until `escore down`.
    """
    from flows.prefect_local import run_locally, ui_address

    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored, it would be the worker's too, which ends by it
    end_as_by_ctrl_c()
    notice_url = _address(notice_url_file)
    local_run = run_locally(load_settings(), root=root, as_of=as_of, notice_url=notice_url, console=ERR)
    with prefect_answers(), local_run as run:
        address = ui_address(load_settings())
        OUT.print(f"run {run.name}: {run.state}", highlight=False)
        OUT.print(f"see it at {address}/runs/flow-run/{run.id}", highlight=False, soft_wrap=True)
        if run.state != "COMPLETED":
            raise GateError(f"the scheduled run ended as {run.state}; its logs tell why: {address}")
        OUT.print("the page has its log and, under Artifacts, summary, counts, gates and the report", highlight=False)
        OUT.print(f"deployments: {address}/deployments; what fires: {address}/automations", soft_wrap=True)
        if leave:
            OUT.print("the worker ends now; `escore down` ends the server and the stores", highlight=False)
        else:
            OUT.print("Ctrl-C ends the worker; `escore down` ends the server and the stores", highlight=False)
            _wait_for_ctrl_c()


def _wait_for_ctrl_c() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        ERR.print("the worker is stopped", highlight=False)


def _address(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        line = path.read_text("utf-8").split("\n", 1)[0].strip()
    except (OSError, UnicodeDecodeError):
        raise SettingsError([f"{path}: cannot be read as text"]) from None
    if not line.startswith(("http://", "https://")):
        raise SettingsError([f"{path}: its first line is no http or https address"])
    return line
