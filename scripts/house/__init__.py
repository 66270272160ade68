"""A house to develop in: the real Home Assistant beside a simulated fleet."""
