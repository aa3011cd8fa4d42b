"""Networks of studies: their choice, their pilots, and their training in one shared run."""
