"""What the descriptors of one family of kernels share."""
