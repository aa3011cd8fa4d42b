"""Statistics over networks: intervals, tests, corrections for many tests, how many are needed."""
