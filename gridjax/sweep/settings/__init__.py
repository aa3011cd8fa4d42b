"""Settings of a run and of its evaluation: the block ``gridjax:`` of a sweep file."""
