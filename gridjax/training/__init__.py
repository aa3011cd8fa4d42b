"""One gradient step of one network, then a population of networks."""
