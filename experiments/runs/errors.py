"""What is said of the workers of a batch."""


class WorkerWarning(UserWarning):
    """A worker was lost in a way that the batch goes on otherwise; the message says how."""
