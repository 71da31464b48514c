"""An emulator of what levers do: fitted to stored pairs of runs, it answers at once.

``python -m jiqun.experiments.emulator`` makes the runs, fits and judges it.
"""

from jiqun.experiments.emulator.designs import Dial
from jiqun.experiments.emulator.emulator import Emulator, Guess, shipped

__all__ = ["Dial", "Emulator", "Guess", "shipped"]
