"""The command ``escore monitor``: a published run held against what its model was trained on."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.table import Table

from contracts.errors import GateError
from flows.commands.completion import complete_date, complete_run
from flows.commands.flow_calls import call_flow, point_prefect_at_its_server
from flows.commands.options import AsJson, parse_date
from flows.commands.output import OUT, print_json
from flows.commands.panels import examples
from flows.terminal import print_table

if TYPE_CHECKING:
    from collections.abc import Mapping

MONITOR_EXAMPLES = examples(
    "escore monitor --fail-on alerta",
    "escore monitor --execucao 019aac10-2f3e-7c5b-9d4e-8a1b2c3d4e5f --json",
)


class FailOn(StrEnum):
    """From which level on the command fails."""

    ATTENTION = "atencao"
    ALERT = "alerta"


def monitor(
    execucao: Annotated[
        UUID | None,
        typer.Option(help="Run: execucao.id; default: the one in force.", metavar="ID", autocompletion=complete_run),
    ] = None,
    observado_ate: Annotated[
        date | None,
        typer.Option(
            "--observado-ate",
            "--as-of",
            parser=parse_date,
            metavar="DATE",
            help="Day by whose end outcomes are judged, if known by then, YYYY-MM-DD; default: yesterday.",
            autocompletion=complete_date,
        ),
    ] = None,
    fail_on: Annotated[FailOn | None, typer.Option(help="Exit with code 6 at this level, or a graver one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare a run with its model's training: scores, features, missing, rejects, expected and observed performance.

    Writes a report beside the run's and emits the Prefect event escore.monitor.ok, .atencao or .alerta.
    """
    settings = point_prefect_at_its_server(("results_url",))
    from flows.monitor import monitor_model
    from flows.range_tasks import range_runner

    flow = monitor_model.with_options(task_runner=range_runner(settings.workers))
    result = call_flow(flow, execucao_id=execucao, observed_until=observado_ate)
    if as_json:
        print_json(result)
    else:
        _print_outcome(result)
    failing = {FailOn.ATTENTION: {"atencao", "alerta"}, FailOn.ALERT: {"alerta"}}
    if fail_on is not None and result["nivel"] in failing[fail_on]:
        raise GateError(f"run {result['execucao_id']}: monitoring found {result['nivel']}: {_named(result)}")


def _print_outcome(result: Mapping[str, Any]) -> None:
    trained, expected, observed = result["treino"], result["esperado"], result["observado"]
    table = Table("figure", "training", "run, expected", "run, observed", title=_title(result), title_justify="left")
    table.add_row("consumers", f"{result['linhas_de_treino']:,}", f"{result['pontuados']:,}", _rows(result))
    for name, key in (("AUC", "auc"), ("bad rate", "taxa"), ("Brier", "brier")):
        value = observed[key] if observed else None
        table.add_row(name, _number(trained[key]), _number(expected[key]), _number(value))
    print_table(OUT, table)
    for finding in result["achados"]:
        subject = f" {finding['sujeito']}" if finding["sujeito"] else ""
        change = f"{finding['referencia']:.4f} -> {finding['atual']:.4f}"
        OUT.print(f"{finding['nivel']}: {finding['medida']}{subject}: {change}", highlight=False)
    if not result["achados"]:
        OUT.print(f"no figure passed its limits, of {result['figuras_vigiadas']} figures", highlight=False)
    OUT.print(f"report: {result['relatorio']}", highlight=False, soft_wrap=True)


def _title(result: Mapping[str, Any]) -> str:
    return f"{result['nivel']}: run of {result['data_referencia']}, model {result['modelo_versao']}"


def _rows(result: Mapping[str, Any]) -> str:
    observed = result["observado"]
    return f"{observed['linhas']:,}" if observed else f"known from {result['desfechos_conhecidos_em']}"


def _number(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['valor']:.4f} [{value['de']:.4f}, {value['a']:.4f}]"
    return "-" if value is None else f"{value:.4f}"


def _named(result: Mapping[str, Any]) -> str:
    names = [f"{finding['medida']} {finding['sujeito']}".strip() for finding in result["achados"]]
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
