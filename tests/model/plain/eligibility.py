"""Who is allowed as NumPy works it out."""


def keep_allowed(mask, allowed, group):
    mask &= allowed.take(group)
