"""A binary CNN on Fashion-MNIST."""
