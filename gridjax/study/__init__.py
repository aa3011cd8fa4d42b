"""From a sweep file to a figure."""
