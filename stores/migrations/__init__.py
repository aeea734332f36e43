"""Versioned schemas: one Alembic chain each for Base A, Base B and the results; index steps for Base C."""
