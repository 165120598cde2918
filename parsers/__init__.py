"""Boot configurations, read. Pure: text in, entries out."""
