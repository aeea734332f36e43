"""Prints what each size costs: ``python -m deploy.costs``."""

from deploy.costs.estimate import main

main()
