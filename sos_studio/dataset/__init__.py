"""The project folder: database, immutable capture files, readings, splits, manifests, imports and exports."""
