"""What a binary convolution that learns and a step of a whole tail cost on a core, beside float32."""
