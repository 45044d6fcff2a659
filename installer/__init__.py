"""Setting up and packaging SOS Studio."""
