"""The version of this zerokara; that of `pyproject.toml`."""

VERSION = "0.1.0"
