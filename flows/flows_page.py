"""The reference page of what Prefect runs and is told: flows with their parameters, tasks, artifacts, events."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prefect import Flow, Task

from contracts.settings import PREFIX
from flows.markdown_tables import markdown_table
from flows.monitor_event import EVENT_PREFIX
from models.monitoring.drift_findings import Level

_FOLDER = Path(__file__).parent
_DECORATED = re.compile(r"^@(?:flow|task)\(", re.MULTILINE)
_COMMANDS = {"score-clients": "escore run", "train-model": "escore train", "monitor-model": "escore monitor"}
_ARTIFACTS = {
    "contagens": "Of a run: records read, used, ignored and rejected, by table.",
    "rejeitados": "Of a run: records rejected, by table and rule.",
    "portas": "Of a run: every [expectation](gates.md), whether it held, and what was observed.",
    "execucao": "Of a run: date, model, consumers by outcome, and where its report and Data Docs lie.",
    "modelo": "Of a training: the model card.",
    "monitoramento": "Of a monitoring: its level, the findings, and where its report lies.",
    "relatorio": "Of a run: a link to its report.",
    "apagamentos": "Of the queue of erasures: how many requests were done, failed, and still wait.",
    None: "Share of the ranges that are done, while a run is at work.",
}
"""What each artifact shows, by its key; the progress of a run has none."""
_LEVELS = {
    Level.OK: "no figure passed its limit",
    Level.ATTENTION: "one passed the lower limit",
    Level.ALERT: "one passed the upper limit",
}


def flows_page() -> str:
    """Return the page, without its first line."""
    found = [value for module in _modules() for value in vars(module).values()]
    flows = list(dict.fromkeys(value for value in found if isinstance(value, Flow)))
    tasks = list(dict.fromkeys(value for value in found if isinstance(value, Task)))
    return (
        "# Flows, tasks, artifacts and events\n\n*For whoever runs the engine on Prefect.* The command line calls "
        "the same "
        "flows; nothing of a consumer's is in a parameter, an artifact, an event or a log.\n\n"
        f"{''.join(_flow_section(flow) for flow in flows)}"
        "## Tasks\n\nA task takes ids, dates and numbers of ranges, and opens its own connections. It is tried "
        "again, after "
        f"growing pauses, only if a store did not answer, `{PREFIX}IO_RETRIES` times; results are not cached by "
        "Prefect, "
        "for the lake says what is done.\n\n"
        f"{markdown_table(('task', 'what it does', 'in'), (_task_row(task) for task in tasks))}\n\n"
        f"## Artifacts\n\n{markdown_table(('key', 'kind', 'what it shows'), sorted(_artifact_rows()))}\n\n"
        f"## Events\n\nOn the resource `escore.modelo.<version>`, with the run as `escore.execucao.<id>`; the "
        "payload is "
        "what `escore monitor --json` prints, with at most thirty findings ([react to it](../how-to/monitor-a-model.md"
        f"#react-to-it-in-prefect)).\n\n{markdown_table(('event', 'when'), _event_rows())}\n"
    )


def _modules() -> list[Any]:
    """Import the modules that declare a flow or a task, and no others: some need an extra."""
    paths = sorted(_FOLDER.glob("*.py"))
    return [
        importlib.import_module(f"flows.{path.stem}")
        for path in paths
        if _DECORATED.search(path.read_text(encoding="utf-8"))
    ]


def _flow_section(flow: Flow[..., Any]) -> str:
    schema = flow.parameters
    told = _told_parameters(inspect.getdoc(flow.fn) or "")
    rows = [
        _parameter_row(name, {"description": told.get(name, ""), **about}, name in schema.required)
        for name, about in schema.properties.items()
    ]
    command = _COMMANDS.get(flow.name)
    called = f", the command `{command}`" if command else ""
    about = _as_markdown(inspect.getdoc(flow.fn) or "").split("\n\n")[0]
    table = markdown_table(("parameter", "type", "default", "what"), rows)
    return f"## {flow.name}\n\n`{flow.fn.__module__}.{flow.fn.__name__}`{called}. {about}\n\n{table}\n\n"


def _told_parameters(docstring: str) -> dict[str, str]:
    r"""Return what the section on parameters of a docstring says of each.

    >>> _told_parameters("Run.\n\nParameters\n----------\nas_of\n    The date;\n    or none.\n\nReturns\n---\nNothing")
    {'as_of': 'The date; or none'}
    """
    section = re.search(r"^Parameters\n-+\n(.*?)(?:\n\n\S|\Z)", docstring, re.MULTILINE | re.DOTALL)
    found = re.findall(r"^(\w+).*\n((?:    .*\n?)+)", section[1] if section else "", re.MULTILINE)
    return {name: _as_markdown(" ".join(text.split())).removesuffix(".") for name, text in found}


def _as_markdown(text: str) -> str:
    return text.replace("``", "`")


def _parameter_row(name: str, about: dict[str, Any], is_required: bool) -> tuple[str, str, str, str]:
    default = "required" if is_required else f"`{json.dumps(about.get('default'))}`"
    return f"`{name}`", _kind(about), default, " ".join(str(about.get("description", "")).split())


def _kind(about: dict[str, Any]) -> str:
    """Return a parameter's kind in JSON schema's words.

    >>> _kind({"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]})
    'date or null'
    """
    if "anyOf" in about:
        return " or ".join(_kind(one) for one in about["anyOf"])
    return str(about.get("format", about.get("type", "")))


def _task_row(task: Task[..., Any]) -> tuple[str, str, str]:
    about = _as_markdown(inspect.getdoc(task.fn) or "").splitlines()[0]
    return f"`{task.name}`", about, f"`{task.fn.__module__}`"


def _artifact_rows() -> Iterator[tuple[str, str, str]]:
    for path in sorted(_FOLDER.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and (kind := _artifact_kind(call)):
                key = _key_of(call)
                if key not in _ARTIFACTS:
                    raise LookupError(f"{path.name}: the artifact {key} is not described in {__name__}")
                yield f"`{key}`" if key else "(none)", kind, _ARTIFACTS[key]


def _key_of(call: ast.Call) -> str | None:
    given = (word.value for word in call.keywords if word.arg == "key")
    return next((str(value.value) for value in given if isinstance(value, ast.Constant)), None)


def _artifact_kind(call: ast.Call) -> str:
    name = getattr(call.func, "id", "")
    match = re.fullmatch(r"create_(\w+)_artifact", name)
    return match[1] if match else ""


def _event_rows() -> list[tuple[str, str]]:
    return [(f"`{EVENT_PREFIX}.{level.value}`", about) for level, about in _LEVELS.items()]
