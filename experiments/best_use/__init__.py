"""The best use of a budget: a search of designs of support, judged on draws of their own."""
