"""Who sees no colour, or other colours, or nothing, still gets the figures: contrast, the palette as others see it, words."""
from __future__ import annotations

import ast
from itertools import combinations
from pathlib import Path

import nbformat
import numpy as np
import pytest
import source as lessons
from play_laws import LUMINANCE, linear, on_white

from lessonlib.plots import LOOK, STYLE

ROOT = Path(__file__).resolve().parent.parent
SEEN_BY = {  # linear RGB to linear RGB, full severity: Machado, Oliveira & Fernandes 2009
    "everyone": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}
WORDS = {"text", "annotate", "set_title", "set_xlabel", "set_ylabel", "suptitle", "supxlabel", "supylabel", "figtext"}
SOURCES = [*sorted((ROOT / "lessonlib").rglob("*.py")), *lessons.sources()]
NOTEBOOKS = [path for path in sorted(lessons.NOTEBOOKS.rglob("*.ipynb")) if ".ipynb_checkpoints" not in path.parts]


def cielab(rgb):
    """CIELAB of linear RGB: lightness 0 to 100, then green to red and blue to yellow."""
    xyz = np.array([[0.4124564, 0.3575761, 0.1804375], LUMINANCE, [0.0193339, 0.1191920, 0.9503041]]) @ np.clip(rgb, 0, 1)
    x = xyz / [0.95047, 1.0, 1.08883]
    f = np.where(x > 216 / 24389, np.cbrt(x), (24389 / 27 * x + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eye", SEEN_BY)
def test_any_two_rules_differ_in_colour_for_every_eye(eye):
    seen = {rule: cielab(SEEN_BY[eye] @ linear(look.color)) for rule, look in LOOK.items()}
    apart = {pair: np.linalg.norm(seen[pair[0]] - seen[pair[1]]) for pair in combinations(seen, 2)}
    assert min(apart.values()) > 15, min(apart, key=apart.get)


def test_in_grey_they_differ_in_lightness_in_marker_and_in_dash():
    lightness = sorted(cielab(np.full(3, linear(look.color) @ LUMINANCE))[0] for look in LOOK.values())
    assert np.diff(lightness).min() > 5
    assert len({look.marker for look in LOOK.values()}) == len({str(look.dash) for look in LOOK.values()}) == len(LOOK)


@pytest.mark.parametrize("rule", LOOK)
def test_the_colour_of_a_rule_can_be_read_as_text(rule):
    assert on_white(LOOK[rule].color) >= 4.5


def test_the_style_writes_in_colours_that_can_be_read():
    lines = [line.partition(":") for line in STYLE.read_text(encoding="utf-8").splitlines()]
    colors = {key.strip(): "#" + value.strip() for key, _, value in lines if key.endswith((".labelcolor", "tick.color"))}
    assert len(colors) >= 3
    assert {key: on_white(color) for key, color in colors.items() if on_white(color) < 4.5} == {}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.stem)
def test_words_in_figures_can_be_read(path):
    from matplotlib.colors import to_hex

    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WORDS:
            for word in node.keywords:
                if word.arg in ("color", "c") and isinstance(word.value, ast.Constant) and isinstance(word.value.value, str) \
                        and word.value.value != "white":  # white stands on dark
                    assert on_white(to_hex(word.value.value)) >= 4.5, f"line {node.lineno}: {word.value.value}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_every_picture_of_a_notebook_has_words(path):
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.outputs if cell.cell_type == "code" else []:
            if "image/png" in output.get("data", {}):
                assert len(output.metadata["image/png"]["alt"]) >= 40
                assert len(output.data["text/plain"]) >= 40
