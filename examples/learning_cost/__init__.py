"""What learning costs on a core, beside a float32 step of the same head."""
