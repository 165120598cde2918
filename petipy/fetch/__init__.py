"""Fetching: a URL becomes a sealed file in memory. Runs in a confined child.

`fetcher` has the tries, their pauses and their records. Each module that exports SCHEME knows how
one kind of URL is fetched: `scheme.find_schemes`.
"""
