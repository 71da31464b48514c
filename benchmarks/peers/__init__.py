"""Rules of a quarter in five forms: Mesa agents, NumPy columns, the model's kernels, and C twice."""
