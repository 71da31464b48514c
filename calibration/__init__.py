"""What is known: sourced data, targets, priors and the distance of a run to them."""

import jiqun  # noqa: F401  (one object a module, whatever name it is imported by)
