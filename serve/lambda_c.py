"""System C as an AWS Lambda function behind API Gateway (HTTP or REST) or a load balancer: ``serve.lambda_c.handler``.

One application serves all of an instance's invocations, on one event loop: clients of the stores belong to the loop
that used them first. The loop stands still between invocations, hence no background work counts: the audit commits
before the answer. An instance that had to answer 500 or more begins anew at its next invocation, for a loop that
stands still notices late that a store is back.
"""

from __future__ import annotations

import asyncio
import logging
import logging.config
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from mangum import Mangum

from contracts.private_process import keep_memory_private
from contracts.settings import Settings, load_settings
from serve.api.log_lines import log_config, withhold_values
from serve.app import create_app_c
from serve.gateway_events import Event, plain_event

FAULT_STATUS = 500
TEXTS = ["text/", "application/json", "application/problem+json"]
"""What is sent as text; Mangum would send a problem in base64, which a REST API hands on as it is."""


class LambdaFunction:
    """Answers API Gateway's events with an application that is made at the first of them."""

    def __init__(self, make_app: Callable[[], FastAPI]) -> None:
        self._make_app = make_app
        self._instance: _Instance | None = None

    def __call__(self, event: Event, context: Any) -> dict[str, Any]:
        """Return the answer to an event."""
        if self._instance is None:
            keep_memory_private()
            self._instance = _Instance(self._make_app())
        answer = self._instance.answer(plain_event(event), context)
        if answer["statusCode"] >= FAULT_STATUS:
            self.close()
        return answer

    def close(self) -> None:
        """End the application and its loop; the next event makes them anew."""
        instance, self._instance = self._instance, None
        if instance is not None:
            instance.close()


class _Instance:
    """An application, its event loop, and Mangum between them and the events."""

    def __init__(self, app: FastAPI) -> None:
        self._loop = asyncio.new_event_loop()
        self._lifespan = app.router.lifespan_context(app)  # Mangum would begin and end it at each invocation
        self._loop.run_until_complete(self._lifespan.__aenter__())
        asyncio.set_event_loop(self._loop)
        self._adapter = Mangum(app, lifespan="off", text_mime_types=TEXTS)

    def answer(self, event: Event, context: Any) -> dict[str, Any]:
        asyncio.set_event_loop(self._loop)  # Mangum asks for the thread's own
        return self._adapter(event, context)

    def close(self) -> None:
        self._loop.run_until_complete(self._lifespan.__aexit__(None, None, None))
        asyncio.set_event_loop(None)
        self._loop.close()


def lambda_settings() -> Settings:
    """Return the environment's settings, the audit direct whatever they say: an instance's disk does not last."""
    return load_settings({"audit_mode": "direto"})


def _make_app() -> FastAPI:
    settings = lambda_settings()
    logging.config.dictConfig(log_config(settings.log_format))
    logging.getLogger().handlers.clear()  # the runtime's own writes what libraries say, values and all
    withhold_values()
    for name in ("mangum", "mangum.http", "mangum.lifespan"):
        logging.getLogger(name).disabled = True  # its lines hold paths, hence CPFs, and exceptions' texts
    return create_app_c(settings)


handler = LambdaFunction(_make_app)
