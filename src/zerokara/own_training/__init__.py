"""Reads what a learner's own training left behind, and finds what a gradient check cannot see."""
