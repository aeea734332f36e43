"""Where published scores live, how they get there, and the HTTP endpoints that read them."""
