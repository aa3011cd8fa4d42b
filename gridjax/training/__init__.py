"""From one network to many."""
