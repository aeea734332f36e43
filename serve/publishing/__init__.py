"""How scores get to Redis and PostgreSQL: staged apart, switched at once, kept and dropped by rule."""
