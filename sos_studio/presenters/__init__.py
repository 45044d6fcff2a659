"""What the window decides, without Qt."""
