"""The house to develop in."""
