"""Peers as operations on columns: what the loop of `ClusterPolicyModel.peer_share` has to equal."""

import numpy as np


def peer_share(pool, weight, doing, pools):
    """Share of the others of one's pool that do something."""
    number = np.bincount(pool, weight, pools).take(pool)
    doers = np.bincount(pool, weight * doing, pools).take(pool)
    return np.clip((doers - doing) / np.maximum(number - 1.0, 1.0), 0.0, 1.0)
