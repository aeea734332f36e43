"""Prefect flows, gates, reports and the command line: thin wiring over the other packages."""
