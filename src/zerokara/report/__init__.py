"""Pictures of a history and a network."""
