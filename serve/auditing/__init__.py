"""The record of every read of a person's data."""
