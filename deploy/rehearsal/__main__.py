"""Rehearses one size: ``python -m deploy.rehearsal``."""

from deploy.rehearsal.rehearse import main

main()
