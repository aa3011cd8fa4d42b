"""The worker of a run: training, evaluation and commit of blocks on one device."""
