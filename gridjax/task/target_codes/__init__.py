"""Target codes: positions and headings as the activity of cells or as coordinates, and back."""
