"""Text and files: YAML with places, atomic writes, locks; knows no network."""
