"""What stands before every endpoint with personal data: token, scope, purpose; and the audit of what was read."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from serve.access.tokens import TokenVerifier, forbidden, is_purpose, unauthorized
from serve.api.problems import request_id
from serve.api.request_record import route_template
from serve.auditing.log import AuditEntry, AuditLog

_BEARER = HTTPBearer(auto_error=False, bearerFormat="JWT", description="JWT (OAuth2 client credentials)")
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
_PurposeHeader = Annotated[str | None, Header(alias="X-Finalidade", description="finalidade da consulta (LGPD)")]


@dataclass(frozen=True, slots=True)
class Reader:
    """A caller that may read what it asked for, and the record of what it did read."""

    consulente: str
    finalidade: str
    recurso: str
    requisicao_id: str
    audit: AuditLog

    async def record(self, subjects: Sequence[str], *, status: int = 200) -> None:
        """Commit that the persons' data were read, before the answer with this status leaves."""
        entry = AuditEntry(self.consulente, subjects, self.recurso, self.finalidade, status, self.requisicao_id)
        await self.audit.record(entry)

    def check_client(self, client_id: str) -> None: ...
    def check_cpf(self, cpf: str) -> None: ...
    def begin(self, *, persons: int = 1) -> "Reader":
        return self

    async def settle(self) -> None: ...


class Guard:
    """Makes the dependency that lets only callers with a scope and a purpose through."""

    def __init__(self, verifier: TokenVerifier, audit: AuditLog) -> None:
        self._verifier = verifier
        self._audit = audit

    def reader(self, scope: str) -> Callable[..., Awaitable[Reader]]:
        """Return the dependency: 401 without a good token, 403 without the scope, 400 without a purpose."""

        async def admit(request: Request, credentials: _Credentials, purpose: _PurposeHeader = None) -> Reader:
            if credentials is None:
                raise unauthorized("falta o token: Authorization: Bearer ...")
            caller = self._verifier.verify(credentials.credentials)
            if scope not in caller.scopes:
                raise forbidden(scope)
            finalidade = caller.finalidade or purpose
            if finalidade is None or not is_purpose(finalidade):
                raise HTTPException(400, "falta a finalidade, no token ou em X-Finalidade, em palavras sem algarismos")
            return Reader(caller.subject, finalidade, route_template(request.scope), request_id(request), self._audit)

        return admit

    async def admit(self, scope: Any, required: str) -> Reader:
        headers = dict(scope["headers"])
        given = headers.get(b"authorization", b"").decode("latin-1")
        if not given.lower().startswith("bearer "):
            raise unauthorized("falta o token: Authorization: Bearer ...")
        caller = self._verifier.verify(given[7:])
        if required not in caller.scopes:
            raise forbidden(required)
        purpose = headers.get(b"x-finalidade")
        finalidade = caller.finalidade or (purpose and purpose.decode("latin-1"))
        if finalidade is None or not is_purpose(finalidade):
            raise HTTPException(400, "falta a finalidade, no token ou em X-Finalidade, em palavras sem algarismos")
        return Reader(caller.subject, finalidade, route_template(scope), request_id(Request(scope)), self._audit)
