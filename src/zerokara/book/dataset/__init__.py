"""The textbook's folder `dataset`."""
