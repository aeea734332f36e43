"""Clients of the stores for the API: no wait without a bound, and none for a store known to be out."""
