"""What lesson 0 alone needs."""
