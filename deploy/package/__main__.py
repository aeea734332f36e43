"""Builds all bundles: ``python -m deploy.package``."""

from deploy.package.packager import main

main()
