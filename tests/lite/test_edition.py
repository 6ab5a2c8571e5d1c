"""The browser edition in a browser: lessons run to the end, exercises answer, sliders move, and a reload loses nothing."""
from __future__ import annotations

import platform
import re
import statistics

import lab
import latency
import lite_site
import nbformat
import pytest

EVENTS = 12
SHARE = re.compile(r"[\d.]+(?=%)")
BAR = re.compile(r"\s*\d+%\|")
EXERCISE = {  # lesson -> (how its stub begins, a wrong answer, what is said of it, the right one, what is said of that)
    "00_start_here": ("def my_sgd", "def my_sgd(theta, g, s, *, lr):\n    return theta + lr * g, State(s.t + 1)", "sign",
                      "def my_sgd(theta, g, s, *, lr):\n    return theta - lr * g, State(s.t + 1)"),
    "09_adam": ("def my_adam", "def my_adam(theta, g, s, *, lr, beta1=0.9, beta2=0.999, eps=1e-8):\n    m = beta1 * s.m + (1 - beta1) * g\n"
                "    v = beta2 * s.v + (1 - beta2) * g**2\n    return theta - lr * m / (v**0.5 + eps), State(s.t + 1, m, v)", "correction",
                "def my_adam(theta, g, s, *, lr, beta1=0.9, beta2=0.999, eps=1e-8):\n    t = s.t + 1\n    m = beta1 * s.m + (1 - beta1) * g\n"
                "    v = beta2 * s.v + (1 - beta2) * g**2\n    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)\n"
                "    return theta - lr * m_hat / (v_hat**0.5 + eps), State(t, m, v)"),
}


def numbers(lesson):
    """(number, tags) of each code cell."""
    return [(i, tags) for i, (kind, tags) in enumerate(lesson.kinds()) if kind == "code"]


def texts(outputs):
    """Outputs as plain text, but for the bar of a run that took more than two seconds."""
    found = [output["text"] if output["output_type"] == "stream" else output.get("data", {}).get("text/plain", "") for output in map(joined, outputs)]
    return [text for text in found if not BAR.match(text)]


def joined(output):
    """An output with its texts in one piece each."""
    put = lambda text: "".join(text) if isinstance(text, list) else text
    return output | {"text": put(output.get("text", "")), "data": {kind: put(text) for kind, text in output.get("data", {}).items()}}


def same(shown, wanted):
    """Whether texts are equal; where one tells of RMSprop in percent, its shares may differ by 4 %.

    In lesson 9's opening three cells do, by up to 3 %. Why is not known: other sums of the processor, or this Pyodide's older NumPy.
    """
    if shown == wanted or not any("RMSprop" in text and "%" in text for text in wanted):
        return shown == wanted
    (words, found), (others, stored) = ((SHARE.sub("", text), [float(n) for n in SHARE.findall(text)]) for text in ("\n".join(shown), "\n".join(wanted)))
    return words == others and len(found) == len(stored) and found == pytest.approx(stored, rel=0.04, abs=0.05)


def test_it_runs_to_the_end_and_says_what_is_stored(lesson):
    stored = {cell.id: cell for cell in nbformat.read(lab.ROOT / "notebooks" / lesson.name, as_version=4).cells}
    ids = lesson.page.evaluate(f"() => {lab.CELL}.map(c => c.model.id)")
    wrong = []
    for i, tags in numbers(lesson):
        outputs = lesson.outputs(i)
        wrong += [f"cell {i}: {o.get('evalue') or o.get('text')}" for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"]
        if not {"machine", "chaotic", "setup"} & {*tags} and ids[i] in stored:
            outputs = [o for o in outputs if "lessonlib-still" not in str(o.get("data", {}).get("text/html", ""))]  # a copy for when it is saved
            shown, wanted = texts(outputs), texts(stored[ids[i]].outputs)
            if not same(shown, wanted):
                wrong.append(f"cell {i}: {shown} instead of {wanted}")
    assert not wrong, "\n".join(wrong)


def test_an_exercise_done_wrongly_and_rightly_is_answered(lesson):
    begins, wrong, of_wrong, right = EXERCISE[lesson.name.removesuffix(".ipynb")]
    stub = next(i for i, _ in numbers(lesson) if lesson.source(i).startswith(begins))
    judge = next(i for i, _ in numbers(lesson) if i > stub)
    for text in (wrong, right, f"{right.partition(chr(10))[0]}\n    while True:\n        pass"):
        lesson.write(stub, text)
        lesson.run(stub)
        lesson.run(judge)
        said = lesson.text(judge)
        assert ("\u2713" in said) == (text == right), said
        assert text != wrong or of_wrong in said, said
        assert "while" not in text or "does not come back" in said, said


def test_a_slider_moves_its_picture(lesson):
    live = [i for i, _ in numbers(lesson) if lesson.source(i).rstrip().endswith(".live()")]
    for i in live:
        area, times = latency.area(lesson, i), []
        if not lesson.cell(i).locator(".noUi-handle").count():
            continue
        for _ in range(EVENTS):
            times.append(lesson.page.evaluate(latency.EVENT, area))
            lesson.page.wait_for_timeout(50)
        assert None not in times, f"cell {i}: the picture does not follow"
        print(f"{lesson.name}, {lesson.source(i).splitlines()[-1]}: slider to picture {statistics.median(times):.0f} ms (median of {EVENTS}; "
              f"{min(times):.0f} to {max(times):.0f}), {platform.machine()}, {lab.cores()} cores")


def test_a_reload_loses_neither_the_notebook_nor_what_was_done(lesson):
    stub = next(i for i, _ in numbers(lesson) if lesson.source(i).startswith(EXERCISE[lesson.name.removesuffix(".ipynb")][0]))
    lesson.write(stub, "mine = 'still here'")
    lesson.save()
    lesson.load()
    assert lesson.source(stub) == "mine = 'still here'"
    setup = next(i for i, tags in numbers(lesson) if "setup" in tags)
    lesson.run_folded(setup)
    lesson.write(stub, "print(sorted(progress.done()))")
    lesson.run(stub)
    assert "check" in lesson.text(stub), "the exercise that was done is not on record"


def test_no_page_asks_another_host_for_anything(lesson, site):
    assert site.pages_asked == []
    assert [text for text in lesson.complaints if "404" not in text] == []


@pytest.mark.parametrize("name", ["10_adamw"])
def test_a_cell_that_needs_torch_stands_as_text_with_its_picture(window, site, name):
    notebook = lite_site.Notebook(window(), site, f"{name}.ipynb")
    for i, (kind, tags) in enumerate(notebook.kinds()):
        if "torch" in tags:
            assert kind == "markdown"
            cell = notebook.cell(i)
            cell.locator("em", has_text="Needs PyTorch").wait_for()  # JupyterLab renders text when it comes into view
            for image in cell.locator("img").all():
                assert image.evaluate("async img => { await img.decode(); return img.naturalWidth; }") > 400
    notebook.page.context.close()
