"""Which factors matter most, with what certainty: designs, indices and ranks that hold.

Nothing here knows the model: a design says what to run, the outputs come back in its order, and
what is found of them carries intervals and a noise floor.
"""
