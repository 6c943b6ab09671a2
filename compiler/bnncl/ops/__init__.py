"""What each op means: one file per op, with its type rule and its arithmetic on logical values."""
