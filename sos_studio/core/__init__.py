"""Geometry, records and rules that every other layer shares. No file formats, no Qt, no heavy imports."""
