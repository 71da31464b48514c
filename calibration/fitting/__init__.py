"""The fit: distance, emulator, smoother, and the ensemble it gives."""
