"""Robustness of path integration: diffusion, kicks of the state, and matched units."""
