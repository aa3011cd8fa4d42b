"""Networks of a sweep file: grids, and values drawn from distributions."""
