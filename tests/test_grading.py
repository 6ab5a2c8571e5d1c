"""Marks: the library's own functions are refused however they are named, and a folder of files becomes verdicts whatever is in it."""
from __future__ import annotations

import gc
import json
import subprocess
import sys
from functools import partial
from types import FunctionType

import numpy as np
import pytest

from lessonlib import State, adam
from lessonlib.checks import Verdict, check
from lessonlib.grading.__main__ import main
from lessonlib.grading.folder import grade
from lessonlib.grading.reading import objection
from lessonlib.grading.strict import strict_check, strictly

MINE = """from lessonlib import State, adam

def hats(m, v, t, beta1, beta2):
    return m / (1 - beta1**t), v / (1 - beta2**t)

def my_adam(theta, g, s, *, lr, beta1, beta2, eps):
    t, m, v = s.t + 1, beta1 * s.m + (1 - beta1) * g, beta2 * s.v + (1 - beta2) * g**2
    m_hat, v_hat = hats(m, v, t, beta1, beta2)
    return theta - lr * m_hat / (v_hat**0.5 + eps), State(t, m, v)
"""


def mine():
    space = {}
    exec(MINE, space)
    return space["my_adam"]


def through(theta, g, s, **settings):
    return adam(theta, g, s, **settings)


def my_adamw(theta, g, s, *, lr, beta1, beta2, eps, weight_decay):
    return adam(theta - lr * weight_decay * theta, g, s, lr=lr, beta1=beta1, beta2=beta2, eps=eps)


def late(theta, g, s, *, lr, beta1, beta2, eps):
    return (mine() if s.t < 3 else adam)(theta, g, s, lr=lr, beta1=beta1, beta2=beta2, eps=eps)


class Hidden:
    def __call__(self, theta, g, s, *, lr, beta1, beta2, eps):
        return vars(sys.modules["lessonlib"])["adam"](theta, g, s, lr=lr, beta1=beta1, beta2=beta2, eps=eps)


COPY = FunctionType(adam.__code__, {"State": State}, "copy", adam.__defaults__)
COPY.__kwdefaults__ = adam.__kwdefaults__
BORROWED = {"the function itself": (adam, "adam"), "a call in between": (lambda *a, **k: through(*a, **k), "adam"), "an AdamW that calls adam": (my_adamw, "adamw"),
            "a partial": (partial(adam), "adam"), "a copy of its code": (COPY, "adam"), "only from the third step on": (late, "adam"),
            "an object": (Hidden(), "adam")}


@pytest.mark.parametrize("kind", BORROWED)
def test_what_calls_the_library_passes_the_check_and_is_refused_for_a_mark(kind):
    attempt, against = BORROWED[kind]
    assert check(attempt, against)
    verdict = strict_check(attempt, against)
    assert not verdict
    assert verdict.headline.startswith("Refused: it calls `adam")
    assert "of lessonlib." in verdict.headline


def test_what_a_library_does_at_a_collection_of_garbage_is_not_the_learner_s_call():
    space, before = {}, gc.get_threshold()
    exec(compile("def note(phase, info): pass", "/somewhere/site-packages/other/callbacks.py", "exec"), space)
    gc.callbacks.append(space["note"])
    gc.set_threshold(1)
    try:
        assert strict_check(mine(), adam)
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(space["note"])
    assert gc.isenabled()


def test_one_s_own_function_with_numpy_and_helpers_passes():
    assert strict_check(mine(), adam)

    def with_numpy(theta, g, s, *, lr, beta1, beta2, eps):
        t, m, v = s.t + 1, beta1 * s.m + (1 - beta1) * g, beta2 * s.v + (1 - beta2) * np.square(g)
        return theta - lr * m / (1 - beta1**t) / (np.clip(v / (1 - beta2**t), 0, None) ** 0.5 + eps), State(t, m, v)

    assert strict_check(with_numpy, adam)


def test_a_wrong_rule_has_the_verdict_of_the_check():
    def uphill(theta, g, s, *, lr):
        return theta + lr * g, State(s.t + 1)

    assert strict_check(uphill, "sgd") == check(uphill, "sgd")


def test_an_answer_that_is_no_function_is_only_judged():
    assert strictly(lambda value: Verdict(value == 3, "Correct."), 3)


def test_the_watch_ends_with_the_check():
    before = sys.getprofile()
    strict_check(mine(), adam)
    assert sys.getprofile() is before


@pytest.mark.parametrize(("text", "why"), [
    ("import os", "line 1 imports os"), ("\nfrom torch.optim import AdamW", "line 2 imports torch.optim.AdamW"), ("from . import x", "line 1 imports ."),
    ("from lessonlib import grading", "line 1 imports lessonlib.grading"), ("eval('1')", "line 1 uses eval"), ("x = __import__", "line 1 uses __import__"),
    ("def f(a):\n  return a.__code__", "line 2 uses __code__"), ("from lessonlib import rules\nrules.adam = None", "line 2 changes rules.adam"),
    ("import lessonlib\ndel lessonlib.adam", "line 2 changes lessonlib.adam"), ("def f(:", "line 1 is no Python"), ("x = 1\0", "is no Python"),
    ("(" * 500 + ")" * 500, "is no Python")])
def test_what_no_rule_needs_is_not_run(text, why):
    assert why in objection(text)


def test_what_learners_write_is_run():
    assert objection(MINE) == ""
    assert objection("import numpy as np\nfrom functools import partial\nfrom lessonlib.checks import check\nif __name__ == '__main__':\n    print(np.pi)") == ""


HANDED_IN = {
    "ann.py": MINE, "bob.py": "from lessonlib import adam as my_adam", "cy.py": MINE.replace("m_hat, v_hat = hats(m, v, t, beta1, beta2)", "m_hat, v_hat = m, v"),
    "dan.py": "import os", "fay.py": "print('{}')\ndef my_adam(theta, g, s, *, lr, beta1, beta2, eps): ...",
    "gil.py": "raise SystemExit(0)", "hal.py": b"# \xe4", "ida.py": "x = 1", "notes.txt": "no file of Python"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("a class") / "handed in"
    home.mkdir()
    for name, text in HANDED_IN.items():
        (home / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return home


@pytest.fixture(scope="module")
def told(folder):
    return grade(folder, ["my_adam"])


def test_every_file_has_a_verdict_or_the_reason_why_it_has_none(told):
    seen = {one["file"]: (one["verdicts"][0]["headline"] if one["verdicts"] else one["trouble"]) for one in told["files"]}
    assert seen == {"ann.py": "Correct.", "bob.py": "Refused: it calls `adam` of lessonlib.", "cy.py": "Not yet: no bias correction", "dan.py": "line 1 imports os",
                    "fay.py": "Not written yet.", "gil.py": "running it raised SystemExit: 0",
                    "hal.py": "it is no text in UTF-8", "ida.py": "it has none of my_adam"}


def test_a_file_without_an_end_is_ended(tmp_path):
    (tmp_path / "eve.py").write_text("while True: pass", encoding="utf-8")
    assert grade(tmp_path, patience=1.5)["files"][0]["trouble"] == "running it did not end within 1.5 seconds"


def test_the_summary_counts_each_file_once_and_names_the_misconceptions(told):
    assert told["summary"] == {"my_adam": {"passed": 1, "refused": 1, "not yet": 2, "missing": 4, "misconceptions": {"no bias correction": 1}}}
    assert json.loads(json.dumps(told)) == told


def test_the_command_writes_json_and_prints_what_the_class_needs(tmp_path, capsys):
    (tmp_path / "bob.py").write_text("from lessonlib import adam as my_adam", encoding="utf-8")
    assert main([str(tmp_path), "--ask", "my_adam", "--out", str(tmp_path / "marks.json")]) == 0
    assert capsys.readouterr().out.splitlines() == ["my_adam: 0 passed, 0 not yet, 1 refused, 0 missing"]
    assert json.loads((tmp_path / "marks.json").read_text(encoding="utf-8"))["files"][0]["verdicts"][0]["refused"]


@pytest.mark.parametrize(("arguments", "why"), [([], "name a folder"), (["nowhere"], "name a folder"), (["."], "no .py file"), ([".", "--ask", "my_nadam"], "nobody judges")])
def test_a_command_that_cannot_be_done_says_why(arguments, why, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    if "--ask" in arguments:
        (tmp_path / "a.py").write_text("", encoding="utf-8")
    with pytest.raises(SystemExit):
        main(arguments)
    assert why in capsys.readouterr().err


def test_it_is_called_by_its_name():
    done = subprocess.run([sys.executable, "-m", "lessonlib.grading", "--help"], capture_output=True, text=True, check=True)
    assert "Verdicts on the .py files of a folder" in done.stdout
