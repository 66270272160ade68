"""What the claims of speed are measured with."""
