"""The task of a network: the animal's motion, and the target codes it is asked to report."""
