"""The project folder: database, files, splits, exports."""
