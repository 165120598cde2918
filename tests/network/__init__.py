"""Real servers in network namespaces, and a switch for what the kernel lacks."""
