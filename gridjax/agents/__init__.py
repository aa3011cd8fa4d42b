"""Agents that navigate to goals on position codes, trained as populations."""
