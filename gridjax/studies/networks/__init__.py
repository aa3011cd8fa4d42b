"""Which networks studies train, in which order, and their training in one shared run."""
