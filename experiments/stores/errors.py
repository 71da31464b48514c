"""What is said of a store that cannot be used, or not as a whole."""


class StoreError(Exception):
    """A store that cannot be used; the message names the path and what to do."""


class StoreWarning(UserWarning):
    """Something of a store that is left out; the message names the files and what to do."""
