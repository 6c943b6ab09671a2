"""What the three passes of a binary convolution that learns cost on a core, beside float32."""
