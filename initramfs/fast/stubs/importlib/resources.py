"""Stand for the real module: pyparsing would find its documentation by it.

The real one imports tempfile, shutil and random at each start.
"""
