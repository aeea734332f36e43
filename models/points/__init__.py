"""The compiled model: a table of points, applied, checked, exported to SQL, Parquet and a page."""
