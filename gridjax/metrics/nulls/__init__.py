"""Null distributions of scores: random readouts, shifted spikes, isotropic random fields."""
