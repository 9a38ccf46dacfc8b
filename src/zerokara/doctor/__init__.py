"""Says why a training went badly: evidence → findings. Pure functions; a trial training is a function it is given."""
