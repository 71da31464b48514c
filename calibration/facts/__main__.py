"""What ``python -m jiqun.calibration.facts`` runs."""

from jiqun.calibration.facts.run import main

main()
