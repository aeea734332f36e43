"""From anybody's table to fitted terms: columns, cells, boosting, and the way to integer points."""
