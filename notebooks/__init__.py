"""What is told: the report's figures, tables and pages, made from stored results."""
