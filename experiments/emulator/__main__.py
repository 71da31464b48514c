"""``python -m jiqun.experiments.emulator``."""

from jiqun.experiments.emulator.build import main

raise SystemExit(main())
