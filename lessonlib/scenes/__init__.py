"""The experiments that learners play with, one module for each lesson: `from lessonlib.scenes import lesson09 as scenes`."""
