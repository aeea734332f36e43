"""The command ``escore version``, and ``escore --version``."""

from __future__ import annotations

import platform

from flows.commands.options import AsJson
from flows.commands.output import OUT, print_json
from flows.commands.panels import examples
from serve.api.version import VERSION

VERSION_EXAMPLES = examples("escore version", "escore version --json")


def version(as_json: AsJson = False) -> None:
    """Tell the version of the engine and of Python."""
    if as_json:
        print_json({"escore": VERSION, "python": platform.python_version()})
    else:
        OUT.print(f"escore {VERSION} (Python {platform.python_version()})", highlight=False)
