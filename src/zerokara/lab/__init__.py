"""A page, in a browser or a notebook, on which a network is watched while it learns, and touched."""
