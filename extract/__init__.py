"""From three stores to checked Arrow tables and refused records, a CPF range at a time."""
