"""Runs: putting everything together, and keeping it on disk."""
