"""API Gateway's events, as if the function stood alone at the root of its own address.

Sources: AWS, "Working with AWS Lambda proxy integrations for HTTP APIs" (payload 2.0) and "Set up Lambda proxy
integrations in API Gateway" (REST APIs, payload 1.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias
from urllib.parse import unquote

Event: TypeAlias = dict[str, Any]

_PAYLOAD_2 = "2.0"
_NO_STAGE = "$default"


def plain_event(event: Event) -> Event:
    """Return an event whose path is without the stage or a custom domain's prefix, and that asks for no compression.

    A gateway compresses by itself; a REST API hands a compressed answer's base64 on as it is.

    >>> http = {"path": "/prod/saude/vivo"}
    >>> plain = plain_event({"version": "2.0", "headers": {}, "requestContext": {"stage": "prod", "http": http}})
    >>> plain["requestContext"]["http"]["path"]
    '/saude/vivo'
    """
    plain = {**event}
    for field in ("headers", "multiValueHeaders"):
        if given := event.get(field):
            plain[field] = {name: value for name, value in given.items() if name.lower() != "accept-encoding"}
    parameters = event.get("pathParameters") or {}
    if event.get("version") == _PAYLOAD_2:
        context = event["requestContext"]
        path = _without_stage(context["http"]["path"], context.get("stage", _NO_STAGE))
        route = event.get("routeKey", "").partition(" ")[2]
        plain["requestContext"] = {
            **context,
            "http": {**context["http"], "path": _without_prefix(path, route, parameters)},
        }
    elif "resource" in event:
        plain["path"] = _without_prefix(event["path"], event["resource"], parameters)
    return plain


def _without_stage(path: str, stage: str) -> str:
    """Return a path of payload 2.0, which begins with the stage unless that is the default one.

    >>> [_without_stage(path, "prod") for path in ("/prod/clientes", "/prod", "/produto", "/clientes")]
    ['/clientes', '/', '/produto', '/clientes']
    """
    prefix = f"/{stage}"
    if stage == _NO_STAGE or not f"{path}/".startswith(f"{prefix}/"):
        return path
    return path[len(prefix) :] or "/"


def _without_prefix(path: str, route: str, parameters: Mapping[str, str]) -> str:
    """Return the part of a path that its route describes; what is before it is a custom domain's.

    >>> _without_prefix("/base/clientes/1/consultar", "/{proxy+}", {"proxy": "clientes/1/consultar"})
    '/clientes/1/consultar'
    """
    described = route
    for name, value in parameters.items():
        described = described.replace(f"{{{name}+}}", value).replace(f"{{{name}}}", value)
    return described if described and unquote(path).endswith(unquote(described)) else path
