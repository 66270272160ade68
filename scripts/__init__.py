"""What the scripts of this repository are made of."""
