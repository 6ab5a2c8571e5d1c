"""For whoever gives marks: a check that refuses the library's own functions, and verdicts on a folder of files as JSON."""
