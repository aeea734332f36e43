"""A deployment rehearsed on moto's server, here."""
