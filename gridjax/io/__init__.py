"""Reading and writing of files and text: YAML with places, atomic writes, locks, checks."""
