"""The register of outcomes and how they are measured."""
