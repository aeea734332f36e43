"""What `escore check` verifies in each kind of store, one module a kind."""
