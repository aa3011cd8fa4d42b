"""From results to verdicts: studies, their claims, what is estimated, and the page that says it."""
