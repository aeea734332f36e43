"""Secret settings from files, as containers mount them: ``SCORE_X_FILE`` names the file that holds ``SCORE_X``.

A mounted secret is readable by all in its container (Docker's and Kubernetes's default), so only a file that others
could write is refused. What a file holds is in no message.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

ENDING = "_FILE"
MAX_BYTES = 1 << 16


def read_secret_files(
    variables: Mapping[str, str], prefix: str, secrets: Iterable[str]
) -> tuple[dict[str, str], list[str]]:
    """Return the secrets (field name: text) that the variables name files of, and all that is wrong with those.

    ``variables`` are those of the environment and of ``.env``; ``secrets`` the fields that may lie in files.
    """
    found: dict[str, str] = {}
    problems: list[str] = []
    upper = {name.upper(): value for name, value in variables.items()}
    for field in secrets:
        name = prefix + field.upper()
        path = upper.get(name + ENDING)
        if path is None:
            continue
        if name in upper:
            problems.append(f"{name}{ENDING}: {name} is set too; one of them alone can be meant")
            continue
        try:
            found[field] = _read(Path(path))
        except OSError as error:
            problems.append(f"{name}{ENDING}: the file cannot be read ({error.strerror})")
        except ValueError as error:
            problems.append(f"{name}{ENDING}: the file {error}")
    return found, problems


def _read(path: Path) -> str:
    """Return a file's text without the line's end that editors add; ValueError if it cannot be a secret."""
    state = path.stat()
    if not stat.S_ISREG(state.st_mode):
        raise ValueError("is no regular file")
    if state.st_mode & stat.S_IWOTH:
        raise ValueError("can be written by everybody; take that right away (chmod o-w)")
    if state.st_size > MAX_BYTES:
        raise ValueError(f"is longer than {MAX_BYTES} bytes")
    try:
        text = path.read_bytes().decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None
    if not text.strip():
        raise ValueError("is empty")
    return text
