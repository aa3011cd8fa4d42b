"""The version of gridjax."""

__version__ = "0.1.0"
