import os, sys
if sys.platform == "emscripten":  # Python in a browser: the library comes with the page
    import piplite
    await piplite.install([{packages}], deps=False)
    import logging, tqdm
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # it looks for fonts at every start, and says so
    tqdm.tqdm.monitor_interval = 0  # no thread can start here
    get_ipython().get_parent = get_ipython().kernel.get_parent  # so that a cell that runs again closes what it showed
    os.environ["JPY_SESSION_NAME"] = "{name}"  # this is JupyterLab: a picture is saved beside the widget
    if os.path.isdir("/drive"):
        os.environ.setdefault("LESSONLIB_PROGRESS_FILE", "/drive/progress.json")  # kept by the browser
