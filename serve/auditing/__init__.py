"""The record of every read of a person's data: a journal on this disk, shipped to PostgreSQL, and read from there."""
