"""A compiled network beside the same network in int8 plain C."""
