"""The documentation as a site: pages of the repository gathered, laid out for the generator, and built."""
