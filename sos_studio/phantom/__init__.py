"""A synthetic skull base with known truth."""
