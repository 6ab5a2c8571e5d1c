"""How Sphinx makes the pages. `authoring/build_site.py` puts this file, beside what it prepared, into the folder that Sphinx reads."""
from __future__ import annotations

import json
from pathlib import Path

HERE = Path(__file__).parent
told = json.loads((HERE / "site.json").read_text(encoding="utf-8"))

project = "Optimizers"
language = "en"
extensions = ["sphinx.ext.mathjax", "myst_nb"]
nb_execution_mode = "off"  # the notebooks are executed already
nb_render_text_lexer = "none"
myst_enable_extensions = ["dollarmath"]
exclude_patterns = ["carried"]

mathjax_path = "mathjax/formulas.js"

html_theme = "sphinx_book_theme"
html_title = "The optimizers that train neural networks"
html_short_title = "Optimizers"
html_static_path = ["carried"]
html_extra_path = ["beside"]
html_css_files = ["course.css", *told["css"]]
html_js_files = ["course.js", *told["js"]]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_last_updated_fmt = None
html_use_index = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "use_repository_button": False,
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "navbar_persistent": [],
    "footer_content_items": ["extra-footer"],
    "extra_footer": "Text and figures CC BY 4.0, code MIT",
    "toc_title": "On this page",
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
