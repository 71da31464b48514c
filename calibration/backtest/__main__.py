"""What ``python -m jiqun.calibration.backtest`` runs."""

from jiqun.calibration.backtest.run import main

main()
