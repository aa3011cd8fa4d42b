"""Task of a network: the animal's motion and the target codes that the network reports."""
