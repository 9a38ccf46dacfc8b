"""A person's own picture of a digit → the input of a network: photo, scan, screenshot, drawing or array."""
