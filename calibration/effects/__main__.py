"""What ``python -m jiqun.calibration.effects`` runs."""

from jiqun.calibration.effects.run import main

main()
