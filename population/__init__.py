"""Synthetic consumers with a known risk, and importers of public data sets."""
