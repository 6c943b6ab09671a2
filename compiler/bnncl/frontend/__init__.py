"""From torch to a traced graph: loading, capturing, recognising. Only it imports torch."""
