"""Parts that several commands share: the application, options, output and the SLURM script."""
