"""Rules of a quarter as Mesa agents, on NumPy columns, as the model's kernels, and in C twice."""
