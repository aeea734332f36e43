"""The HTTP side that all systems share: requests, answers, problems, measures, and the process that serves."""
