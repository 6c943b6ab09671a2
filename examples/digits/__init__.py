"""A small binary CNN on the digits that scikit-learn carries, and the demo built on it."""
