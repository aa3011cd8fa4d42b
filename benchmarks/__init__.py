"""What gridjax costs, each number beside a competitor's or a ceiling from the same call."""
