"""Scans to volumes, and volumes to pictures."""
