"""What ``python -m jiqun.calibration.emergent`` runs."""

from jiqun.calibration.emergent.run import main

main()
