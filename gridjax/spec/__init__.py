"""Specification of one network: parameters, rules, identity, static config, traced parameters.

These modules import no JAX.
"""
