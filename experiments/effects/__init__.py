"""Effects: pairs of runs, intervals, costs and what a yuan brings."""
