"""Learning: the C of the runtime against the integer reference, step by step."""
