"""Examples: each folder trains a binary network on real data and compiles it."""
