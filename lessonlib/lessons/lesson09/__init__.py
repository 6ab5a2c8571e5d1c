"""What lesson 9 alone needs."""
