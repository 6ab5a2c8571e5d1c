"""A board for a room: who has begun, who has passed, what is misunderstood. `python -m lessonlib.board` starts it."""
