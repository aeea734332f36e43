"""Connections, embedded servers, migrations and the check of the four stores."""
