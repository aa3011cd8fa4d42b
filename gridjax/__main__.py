"""The command ``gridjax`` as ``python -m gridjax``."""

from gridjax.cli import main

main()
