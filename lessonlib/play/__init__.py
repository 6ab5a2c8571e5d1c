"""Something to play with: an experiment, the pixels it draws, and the widget that shows it in Jupyter."""
