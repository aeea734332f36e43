"""What a kind of problem is made of, and the exception by which any part of the API answers one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.exceptions import HTTPException

PREFIX = "/problemas/"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of problem: its name in ``type``, status and title, when it comes, what to do, its usual detail."""

    name: str
    status: int
    title: str
    when: str
    action: str
    detail: str
    headers: tuple[str, ...] = field(default=(), compare=False)
    """Header fields that come with it and say more."""

    @property
    def uri(self) -> str:
        """Return the ``type``."""
        return PREFIX + self.name


class ProblemError(HTTPException):
    """A problem to be answered; ``detail`` in the place of the type's usual one, ``errors`` as ``Problem`` has them."""

    def __init__(
        self,
        kind: ProblemType,
        detail: str | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        errors: list[dict[str, str]] | None = None,
    ) -> None:
        super().__init__(kind.status, detail or kind.detail, headers)
        self.kind = kind
        self.errors = errors
