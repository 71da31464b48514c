"""Speed of the model.

Libraries decide on their threads when they are loaded, so this comes before any of them: what is
measured is one core.
"""

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
