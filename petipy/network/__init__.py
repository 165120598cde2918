"""What the network offers to boot."""
