"""The lines of ``.env``, and which of them cannot be meant as a setting."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from contracts.errors import SettingsError


def read_dotenv(path: Path) -> tuple[Binding, ...]:
    """Return the lines of ``.env``, none if there is no such file; SettingsError if it is no text of ours."""
    if not path.is_file():
        return ()
    try:
        return tuple(parse_stream(io.StringIO(path.read_text("utf-8"))))
    except UnicodeDecodeError:
        raise SettingsError([f"{path}: not UTF-8 text"]) from None
    except OSError as error:
        raise SettingsError([f"{path}: cannot be read ({error.strerror})"]) from None


def damaged_lines(lines: Iterable[Binding], name: str, prefix: str) -> list[str]:
    """Return what cannot be meant as a setting, by its line's number and never its text, which may be a secret."""
    return [
        f"{name}: line {line.original.line} is not NAME=value"
        for line in lines
        if line.error or (line.key and line.value is None and line.key.upper().startswith(prefix))
    ]
