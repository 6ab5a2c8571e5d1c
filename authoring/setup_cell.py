import importlib.util, subprocess, sys
from pathlib import Path

REPOSITORY = ""  # where a Colab session fetches lessonlib from
LESSON = ""  # what your progress is kept under, on your own machine
if importlib.util.find_spec("lessonlib") is None:
    homes = [p for p in (Path.cwd(), *Path.cwd().parents) if (p / "lessonlib" / "__init__.py").exists()]
    if homes:
        sys.path.insert(0, str(homes[0]))
    elif REPOSITORY and "google.colab" in sys.modules:
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", f"git+{REPOSITORY}"], check=True)
    else:
        raise ModuleNotFoundError("lessonlib is not here: put the folders lessonlib and data of the course beside this notebook")
%matplotlib inline
from lessonlib import plots, progress
plots.use_style()
progress.open_lesson(LESSON)
