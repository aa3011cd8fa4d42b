"""A run: the plan, training, evaluation and storage of a population."""
