"""From a traced tail, real numbers behind the bits of a cut, to the graphs of one that learns in integers."""
