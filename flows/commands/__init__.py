"""The commands of ``escore``, a module a subject: each parses, calls one function, prints."""
