"""One page in each of the formats that it is written in."""
