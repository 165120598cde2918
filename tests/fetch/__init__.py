"""Tests of petipy.fetch."""
