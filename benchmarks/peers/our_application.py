"""Our application as a factory, for servers other than `escore serve`'s own."""

from __future__ import annotations

import logging.config

from fastapi import FastAPI

from contracts.settings import load_settings
from serve.api.run_server import LOG_CONFIG
from serve.app import create_app


def create() -> FastAPI:
    """Return the application of the settings in the environment, its request log on."""
    logging.config.dictConfig(LOG_CONFIG)
    return create_app(load_settings())
