"""Reading a learner's file: its cells, its syntax, the definition that a function comes from."""
