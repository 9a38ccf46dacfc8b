"""Pictures of a history, of a gradient check and of a data set."""
