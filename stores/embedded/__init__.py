"""Embedded servers from wheels, for a machine that has none of the stores: demo, tests and development."""

from stores.embedded.control import (
    ServerStatus,
    erase_stores,
    require_servers,
    start_stores,
    stop_stores,
    stores_status,
)

__all__ = ["ServerStatus", "erase_stores", "require_servers", "start_stores", "stop_stores", "stores_status"]
