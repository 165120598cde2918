"""In the image in place of the real one: pyparsing would find its documentation with it.

The real one imports tempfile, shutil and random at every start.
"""
