"""Continual-learning experiments with the device's own arithmetic, beside float references."""
