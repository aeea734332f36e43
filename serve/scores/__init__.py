"""Published scores read for the API: from Redis, and when it cannot answer surely, from PostgreSQL."""
