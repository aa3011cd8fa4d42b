"""The engine on a Ray cluster: its connection, its actors, and the blocks that they are given."""
