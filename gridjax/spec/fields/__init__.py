"""Fields of a network's parameters: their declarations, by topic, and their distributions."""
