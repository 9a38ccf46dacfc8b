"""From a recipe to a trained network: optimizers, batches, the loop, and what it measured."""
