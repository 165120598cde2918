"""Builds the image and runs it in a guest, on the host; standard library only."""
