"""One network as a value: parameters, rules, identity, static config, traced parameters. No JAX."""
