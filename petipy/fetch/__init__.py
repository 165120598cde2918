"""Fetching: a URL becomes a sealed file in memory. Runs in a confined child.

`fetcher` repeats and records tries. Each module that exports SCHEME fetches one kind of URL:
`scheme.find_schemes`.
"""
