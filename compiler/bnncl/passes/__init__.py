"""Passes: pure functions from graph to graph, one file each, run in the order the driver lists them."""
