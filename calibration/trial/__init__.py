"""Virtual policy trials: published experiments run again on the panel."""
