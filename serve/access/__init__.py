"""Who gets in, to read what, how often."""
