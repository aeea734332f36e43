"""The version that the API, its measures and its traces tell."""

VERSION = "0.1.0"
