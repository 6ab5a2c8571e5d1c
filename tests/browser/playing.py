"""A live experiment on a page, played by mouse and by keyboard."""
from __future__ import annotations

import time

import pytest
from lab import Notebook
from playwright.sync_api import Locator

PICTURE = """async img => { const src = img.src; if (img.named?.src === src) return img.named.name;  // a new picture has a new address
    for (let k = 0; ; k++) { try { await img.decode(); break; } catch (e) { if (k > 300) throw e; await new Promise(r => setTimeout(r, 10)); } }
    const c = document.createElement('canvas');
    [c.width, c.height] = [img.naturalWidth, img.naturalHeight]; const g = c.getContext('2d'); g.drawImage(img, 0, 0);
    const d = new Uint32Array(g.getImageData(0, 0, c.width, c.height).data.buffer); let h = 0;
    for (let i = 0; i < d.length; i++) h = (Math.imul(h, 31) + d[i]) | 0;
    const name = `${c.width} x ${c.height}: ${h}`; if (img.src === src) img.named = {src, name}; return name; }"""


class Play:
    """A live experiment on the page."""

    def __init__(self, notebook: Notebook, number: int) -> None:
        self.notebook, self.page, self.cell = notebook, notebook.page, notebook.cell(number)
        self.image = self.cell.locator(".widget-image, img.widget-image").first
        self.image.wait_for(state="visible", timeout=20_000)

    def picture(self) -> str:
        """A name for the pixels shown."""
        return self.image.evaluate(PICTURE)

    def still(self) -> str:
        """A name for the pixels that are stored with the notebook."""
        number = self.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex")
        stored = [output["data"]["image/png"] for output in self.notebook.outputs(number) if "image/png" in output.get("data", {})]
        assert len(stored) == 1
        image = self.page.evaluate_handle("png => { const i = new Image(); i.src = 'data:image/png;base64,' + png; return i; }", stored[0])
        return image.evaluate(PICTURE)

    def at_rest(self) -> str:
        """The picture once nothing is under way: the kernel idle, and the same pixels for a while."""
        picture, since, end = "", time.monotonic(), time.monotonic() + 30
        while time.monotonic() < end:
            now = self.picture()
            if now != picture or self.notebook.status() != "idle":
                picture, since = now, time.monotonic()
            elif time.monotonic() - since > 0.3:
                return picture
            self.page.wait_for_timeout(50)
        raise AssertionError("the picture does not come to rest")

    def becomes(self, wanted: str, seconds: float = 20) -> bool:
        """Whether the picture becomes this one in time, and stays it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.picture() == wanted and self.at_rest() == wanted:
                return True
            self.page.wait_for_timeout(50)
        return False

    def changes(self, than: str, seconds: float = 10) -> bool:
        """Whether the picture becomes another one in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.picture() != than:
                return True
            self.page.wait_for_timeout(30)
        return False

    def rows(self) -> list[Locator]:
        """The rows of all controls."""
        return self.cell.locator(".widget-slider, .widget-radio").all()

    def by_mouse(self, row: Locator) -> bool:
        """Whether a control changes the picture when the mouse moves it."""
        before = self.at_rest()
        if row.locator("input").count():
            row.locator("input:not(:checked)").last.click()
        else:
            self.drag(row)
        return self.changes(before)

    def drag(self, row: Locator, steps: int = 12, share: float = 0.4) -> None:
        """Drag the handle of a slider over a share of its length, to the side that has more room."""
        row.scroll_into_view_if_needed()
        handle, track = row.locator(".noUi-handle").bounding_box(), row.locator(".noUi-target").bounding_box()
        x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
        side = 1 if x < track["x"] + track["width"] / 2 else -1
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + side * share * track["width"], y, steps=steps)
        self.page.mouse.up()

    def by_keyboard(self, row: Locator) -> bool:
        """Whether a control changes the picture under the keys that belong to it."""
        before = self.at_rest()
        if row.locator("input").count():
            other = row.locator("input:not(:checked)").first.element_handle()
            other.focus()
            self.page.keyboard.press("Space")
            assert other.is_checked()
            return self.changes(before)
        handle = row.locator(".noUi-handle")
        handle.focus()
        assert handle.evaluate("e => e === document.activeElement")
        said = handle.get_attribute("aria-valuetext")
        low, now, high = (float(handle.get_attribute(f"aria-value{which}")) for which in ("min", "now", "max"))
        down = now > (low + high) / 2
        for key in ["ArrowLeft" if down else "ArrowRight"] * 3 + ["PageDown" if down else "PageUp"] * 3:  # a step may be finer than a pixel
            self.page.keyboard.press(key)
            if self.changes(before, 0.7):
                break
        assert handle.get_attribute("aria-valuetext") != said
        return self.changes(before)

    def control(self, label: str) -> Locator:
        """The row of a control, found by its label."""
        row = self.cell.locator(".widget-slider, .widget-radio").filter(has=self.page.get_by_text(label, exact=True))
        assert row.count() == 1, f"{row.count()} controls are called {label!r}"
        return row

    def set(self, label: str, value) -> None:
        """Choose an option, or type a number into the readout of a slider, as someone does who looks whether it was taken."""
        row = self.control(label)
        if row.locator("input").count():
            row.get_by_label(str(value), exact=True).click()
            return
        readout = row.locator(".widget-readout")
        for _ in range(5):  # a slower answer of the kernel may write over what is being typed; a slider may round to a stop
            self.at_rest()
            readout.click()
            self.page.keyboard.press("Control+A")
            self.page.keyboard.insert_text(f"{value:.10g}")
            self.page.keyboard.press("Enter")
            self.at_rest()
            if float(readout.inner_text()) == pytest.approx(value, rel=0.03, abs=1e-3):
                return
        raise AssertionError(f"{label!r} shows {readout.inner_text()!r} after {value!r} was typed five times")
