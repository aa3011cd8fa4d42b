"""Studies: claims written down before training, estimates from results, verdicts."""
