"""Our application as a factory, for servers other than `escore serve`'s own."""

from __future__ import annotations

import logging.config
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from contracts.settings import load_settings
from serve.api.line_writer import STANDARD_ERROR
from serve.api.log_lines import log_config
from serve.app import create_app


def create() -> FastAPI:
    """Return the application of the settings in the environment, its request log on and written in blocks."""
    settings = load_settings()
    logging.config.dictConfig(log_config(settings.log_format))
    app = create_app(settings)
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(application: object) -> AsyncIterator[None]:
        with STANDARD_ERROR.buffered():
            async with inner(application):
                yield

    app.router.lifespan_context = lifespan
    return app
