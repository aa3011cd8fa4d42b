"""What the animal does, and what it is asked to report."""
