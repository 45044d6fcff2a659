"""Training and prediction, in a process of its own."""
