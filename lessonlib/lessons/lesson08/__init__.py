"""What lesson 8 alone needs."""
