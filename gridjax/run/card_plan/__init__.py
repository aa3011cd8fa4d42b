"""The plan of a population on a card that is not attached, from programs compiled for it."""
