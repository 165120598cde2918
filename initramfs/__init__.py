"""Build the image and run it in a guest. This code runs on the host, with the standard library."""
