"""python -m lessonlib: is this machine ready for the course, and which commands are there?"""
from lessonlib.room.preflight import main

__all__ = ["main"]

if __name__ == "__main__":
    raise SystemExit(main())
