"""What a room of learners needs: whether a machine is ready, and what to do where it is not."""
