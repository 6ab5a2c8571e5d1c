"""What lesson 7 alone needs."""
