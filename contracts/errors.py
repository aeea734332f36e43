"""The one family of errors, each with a fixed exit code; messages never hold a person's data."""

from __future__ import annotations

from collections.abc import Sequence

UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What a document of another form fails with: no UTF-8, no JSON, a missing member, another type, nested endlessly."""


class EscoreError(Exception):
    """Base of every error that the engine raises on purpose; ``exit_code`` is the process's."""

    exit_code = 1


class UnexpectedError(EscoreError):
    """A fault of the engine itself: the class of the exception and where it came through, without its text."""


class SettingsError(EscoreError):
    """One or more settings are wrong; all of them are listed, before any work starts."""

    exit_code = 2

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[type[SettingsError], tuple[tuple[str, ...]]]:
        """Cross to another process with the problems apart."""
        return type(self), (self.problems,)


class UsageError(EscoreError):
    """A command was called with arguments that cannot be honoured."""

    exit_code = 2


class StoreUnavailableError(EscoreError):
    """A store did not answer within its time limit, or refused the connection or the login."""

    exit_code = 3


class StoreContractError(EscoreError):
    """A store answers but its tables, columns, types, indexes or rights break the contract."""

    exit_code = 4


class DataIntegrityError(EscoreError):
    """An artifact in the lake is missing, truncated or altered, or counts do not add up."""

    exit_code = 5


class GateError(EscoreError):
    """A gate is closed: nothing was published, or no model was put in force."""

    exit_code = 6


class TrainingRefusedError(EscoreError):
    """A model cannot be trained honestly on this data: labels too young or too few, forbidden input."""

    exit_code = 7


class ModelNotFoundError(EscoreError):
    """No model is registered under that version, it was retired, or none is in force."""

    exit_code = 8


class RunConflictError(EscoreError):
    """Another process is working on this run, or the run asked for does not exist or cannot be used."""

    exit_code = 9


class ClientNotFoundError(EscoreError):
    """The run asked for holds no such consumer."""

    exit_code = 10
