"""The command line ``escore``: which commands there are, and how each ends; errors are one clear line each.

Heavy libraries are imported by the commands that use them, so that ``--help`` and the guide answer at once.
"""

from __future__ import annotations

from typing import Annotated

import typer

from flows.commands import embedded, erasure, filling, keys, monitor, nightly, replay, serving, stores, tokens, version
from flows.commands.audit import audit_app
from flows.commands.endings import run_to_its_end
from flows.commands.erasures import erasures_app
from flows.commands.guide import show_guide
from flows.commands.models import models_app
from flows.commands.orchestration import prefect_app
from flows.commands.panels import DATA, NIGHT, OPERATE, PERSONS, SERVE, START, examples
from flows.commands.reviews import reviews_app
from flows.commands.runs import runs_app

app = typer.Typer(
    name="escore",
    help="""Credit scores from three stores: extract, build features, score 0-1000 with exact reasons, publish, serve.

    Without a command: tells where this installation is, and what to do next.""",
    epilog=examples(
        "make demo  # all of it at once, on a state of its own; or step by step:",
        "escore up",
        "escore populate --clients 2000 --as-of 2025-12-31",
        "escore train --as-of 2025-12-31",
        "escore run --as-of 2025-12-31",
        "escore serve",
    ),
    invoke_without_command=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


@app.callback()
def begin(
    context: typer.Context,
    tell_version: Annotated[bool, typer.Option("--version", help="Tell the version, and end.")] = False,
) -> None:
    """Tell where this installation is and what to do next, if no command is named."""
    if tell_version:
        version.version()
        raise typer.Exit
    if context.invoked_subcommand is None:
        show_guide(context.command)


app.command("up", epilog=embedded.UP_EXAMPLES, rich_help_panel=START)(embedded.up)
app.command("status", epilog=embedded.STATUS_EXAMPLES, rich_help_panel=START)(embedded.status)
app.command("down", epilog=embedded.DOWN_EXAMPLES, rich_help_panel=START)(embedded.down)
app.command("demo", epilog=embedded.DEMO_EXAMPLES, rich_help_panel=START)(embedded.demo)
app.command("version", epilog=version.VERSION_EXAMPLES, rich_help_panel=START)(version.version)

app.command("populate", epilog=filling.POPULATE_EXAMPLES, rich_help_panel=DATA)(filling.populate)
app.add_typer(filling.import_app, name="import", rich_help_panel=DATA)

app.command("train", epilog=nightly.TRAIN_EXAMPLES, rich_help_panel=NIGHT)(nightly.train)
app.command("run", epilog=nightly.RUN_EXAMPLES, rich_help_panel=NIGHT)(nightly.run)
app.add_typer(runs_app, name="runs", rich_help_panel=NIGHT)
app.command("rollback", epilog=nightly.ROLLBACK_EXAMPLES, rich_help_panel=NIGHT)(nightly.rollback)
app.add_typer(models_app, name="models", rich_help_panel=NIGHT)
app.command("monitor", epilog=monitor.MONITOR_EXAMPLES, rich_help_panel=NIGHT)(monitor.monitor)

app.command("serve", epilog=serving.SERVE_EXAMPLES, rich_help_panel=SERVE)(serving.serve)
app.command("token", epilog=tokens.TOKEN_EXAMPLES, rich_help_panel=SERVE)(tokens.token)
app.command("jwks", epilog=tokens.JWKS_EXAMPLES, rich_help_panel=SERVE)(tokens.jwks)

app.command("replay", epilog=replay.REPLAY_EXAMPLES, rich_help_panel=PERSONS)(replay.replay)
app.add_typer(reviews_app, name="reviews", rich_help_panel=PERSONS)
app.add_typer(audit_app, name="audit", rich_help_panel=PERSONS)
app.command("erase", epilog=erasure.ERASE_EXAMPLES, rich_help_panel=PERSONS)(erasure.erase)
app.add_typer(erasures_app, name="erasures", rich_help_panel=PERSONS)
app.command("readmit", epilog=erasure.READMIT_EXAMPLES, rich_help_panel=PERSONS)(erasure.readmit)

app.command("check", epilog=stores.CHECK_EXAMPLES, rich_help_panel=OPERATE)(stores.check)
app.command("migrate", epilog=stores.MIGRATE_EXAMPLES, rich_help_panel=OPERATE)(stores.migrate)
app.add_typer(prefect_app, name="prefect", rich_help_panel=OPERATE)
app.command("rotate-key", epilog=keys.ROTATE_EXAMPLES, rich_help_panel=OPERATE)(keys.rotate_key)


def main() -> None:
    """Run the command line to its end: the process's exit code tells how it went."""
    run_to_its_end(app)


if __name__ == "__main__":
    main()
