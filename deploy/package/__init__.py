"""The bundles for AWS: what each holds, and how it is built, the same bytes from the same code and lock."""
