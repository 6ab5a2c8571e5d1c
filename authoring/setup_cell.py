import importlib.util, subprocess, sys, zipfile
from pathlib import Path

REPOSITORY = ""  # where a Colab session fetches lessonlib from
LESSON = ""  # what your progress is kept under, where the notebook runs
PACKED = "optimizer-course.zip"  # the course in one file, for a machine that has none of it
if importlib.util.find_spec("lessonlib") is None:
    homes = [p for p in (Path.cwd(), *Path.cwd().parents) if (p / "lessonlib" / "__init__.py").exists()]
    packed = [p / PACKED for p in (Path.cwd(), Path("/content/drive/MyDrive")) if (p / PACKED).exists()]
    if not homes and packed:
        homes = [Path.cwd() / "optimizer-course"]
        zipfile.ZipFile(packed[0]).extractall(homes[0])
    if homes:
        sys.path.insert(0, str(homes[0]))
    elif REPOSITORY and "google.colab" in sys.modules:
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", f"git+{REPOSITORY}"], check=True)
    else:
        raise ModuleNotFoundError(f"""lessonlib is not here: put the folders lessonlib and data of the course beside this notebook,
or {PACKED}, which `make colab-zip` makes. On Colab drop that file into the folder on the left and run this cell again.
Or put it at the top of your Drive, type these two lines into a new cell, run them, and run this cell again:
    from google.colab import drive
    drive.mount("/content/drive")""")
%matplotlib inline
from lessonlib import plots, progress
plots.use_style()
progress.open_lesson(LESSON)
