"""Cross-validation: what is trained in each fold, what is kept of it, and what comes of it."""
