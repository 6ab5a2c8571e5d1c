"""What one lesson alone needs: its play, its measurements, its judges. A folder for each lesson."""
