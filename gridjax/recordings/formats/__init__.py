"""File formats of rate maps and sessions; one module for each family of formats."""
