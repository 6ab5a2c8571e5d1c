"""Leaves out the modules that this machine cannot import: Triton is made for Linux."""
from importlib.util import find_spec

collect_ignore = [] if find_spec("triton") else ["lessonlib/pytorch/triton_kernels.py", "lessonlib/pytorch/triton_tables.py"]
