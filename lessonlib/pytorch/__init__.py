"""Everything of the course that imports torch; it runs on CPU tensors as well."""
