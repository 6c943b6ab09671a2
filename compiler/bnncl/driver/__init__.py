"""From a torch model to a generated project."""
