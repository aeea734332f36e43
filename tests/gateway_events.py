"""Events as AWS sends them: API Gateway's HTTP API (payload 2.0) and REST API (1.0), and a load balancer's.

Field for field after AWS's documentation of the three integrations; values of nobody.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote

Event: TypeAlias = dict[str, Any]
MakeEvent: TypeAlias = Callable[..., Event]
HOST = "abcdef1234.execute-api.sa-east-1.amazonaws.com"
ROUTE = "/clientes/{cpf}/consultar"


def http_api_event(
    method: str,
    path: str,
    *,
    query: str = "",
    headers: Mapping[str, str],
    body: bytes | None = None,
    stage: str = "$default",
    route: str = "$default",
) -> Event:
    """Return payload 2.0 of an HTTP API; the path comes with the stage before it unless that is the default one."""
    whole = path if stage == "$default" else f"/{stage}{path}"
    event: Event = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": whole,
        "rawQueryString": query,
        "cookies": ["a=1", "b=2"],
        "headers": {"host": HOST, "x-forwarded-proto": "https", "x-forwarded-port": "443", **_lower(headers)},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdef1234",
            "domainName": HOST,
            "domainPrefix": "abcdef1234",
            "http": {
                "method": method,
                "path": whole,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "agent",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": route,
            "stage": stage,
            "time": "22/Nov/2026:19:03:58 +0000",
            "timeEpoch": 1795374238000,
        },
        **_body(body),
    }
    if query:
        event["queryStringParameters"] = dict(parse_qsl(query))
    if "{" in route:
        event["pathParameters"] = _parameters(route.partition(" ")[2], path)
    return event


def rest_api_event(
    method: str,
    path: str,
    *,
    query: str = "",
    headers: Mapping[str, str],
    body: bytes | None = None,
    resource: str = "/{proxy+}",
    base: str = "",
) -> Event:
    """Return payload 1.0 of a REST API in the stage ``prod``; ``base`` is what a custom domain puts before the path."""
    pairs = parse_qsl(query, keep_blank_values=True)
    sent = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-Port": "443", **headers}
    return {
        "resource": resource,
        "path": f"{base}{path}",
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": dict(pairs) or None,
        "multiValueQueryStringParameters": {name: [v for n, v in pairs if n == name] for name, _ in pairs} or None,
        "pathParameters": _parameters(resource, path),
        "stageVariables": None,
        "requestContext": {
            "resourceId": "2gxmpl",
            "resourcePath": resource,
            "httpMethod": method,
            "extendedRequestId": "JJbxmplHYosFVYQ=",
            "requestTime": "22/Nov/2026:19:03:58 +0000",
            "path": f"/prod{path}" if not base else f"{base}{path}",
            "accountId": "123456789012",
            "protocol": "HTTP/1.1",
            "stage": "prod",
            "domainPrefix": "abcdef1234",
            "requestTimeEpoch": 1795374238000,
            "requestId": "77375676-xmpl-4b79-853a-f982474efe18",
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "agent", "accountId": None, "apiKey": None},
            "domainName": HOST,
            "apiId": "abcdef1234",
        },
        **_body(body),
    }


def load_balancer_event(
    method: str, path: str, *, query: str = "", headers: Mapping[str, str], body: bytes | None = None
) -> Event:
    """Return what an application load balancer sends to a target group without multi-value headers."""
    return {
        "requestContext": {
            "elb": {
                "targetGroupArn": "arn:aws:elasticloadbalancing:sa-east-1:123456789012:targetgroup/c/49e9d65c45c6791a"
            }
        },
        "httpMethod": method,
        "path": path,
        "queryStringParameters": dict(part.partition("=")[::2] for part in query.split("&")) if query else {},
        "headers": {"host": "c.example.com", "x-forwarded-for": "192.0.2.1", **_lower(headers)},
        "body": "",
        **_body(body),
    }


def _body(body: bytes | None) -> Event:
    if body is None:
        return {"isBase64Encoded": False}
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def _parameters(resource: str, path: str) -> dict[str, str]:
    if resource == "/{proxy+}":
        return {"proxy": unquote(path).removeprefix("/")}
    named, given = resource.split("/"), path.split("/")
    return {name[1:-1]: unquote(value) for name, value in zip(named, given, strict=True) if name.startswith("{")}


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
