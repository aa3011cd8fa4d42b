"""Lattices of rate maps: period, orientation, ellipticity, and modules of units that share them."""
