"""R&D, digital stages, titles and their audit."""
