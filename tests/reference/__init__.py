"""Slow, independent implementations that the fast paths are tested against."""
