"""A small network of residual binary blocks whose last ones learn on a device, and how well that works."""
