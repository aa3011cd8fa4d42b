"""Statistics over networks: intervals, tests, corrections for many tests, and sample sizes."""
