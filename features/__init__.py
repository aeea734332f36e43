"""Arrow tables and a reference date in, one row of features a consumer out; stateless."""
