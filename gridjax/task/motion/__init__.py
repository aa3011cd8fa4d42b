"""Motion of the animal: the paths of a batch of trajectories, and the models that draw them."""
