"""What is told: the report's figures, tables and pages, made from stored results."""

import jiqun  # noqa: F401  (one object a module, whatever name it is imported by)
