"""What is known: sourced data, targets, priors and the distance of a run to them."""
