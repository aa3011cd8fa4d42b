"""Arrays in, numbers out; knows no network."""
