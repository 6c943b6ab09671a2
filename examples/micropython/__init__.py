"""A model that learns on a MicroPython board, and on a desk, from the same script."""
