"""Recorded experiments in a page that was opened from the disk: the pictures, the controls, and what is told to whom."""
from __future__ import annotations

import lab
import numpy as np
import player
import pytest
import recordings

COARSE = {"00_start_here-walkers": {}, "11_gpu_lab-floor_of_a_machine": {"counts": {"parameters": 9}},
          "deeper-07_momentum-radius_map": {"counts": {"lr": 5, "beta1": 5}, "also": {"lr": [0.1], "beta1": [0.68]}}}
# lines, bars, letters of two colours, a map; one to three controls
NAMES = list(COARSE)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The page with these experiments, and what the library draws of each."""
    folder = tmp_path_factory.mktemp("recorded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recordings, "GRIDS", COARSE)
        plays = [play for play in recordings.catalogue() if play.name in COARSE]
        path = player.write_page(folder, plays, folder / "kept")
    return path, {play.name: player.Wanted(recordings.experiment(play), COARSE[play.name]) for play in plays}


@pytest.fixture(scope="module")
def page(made, browser, browser_context_args):
    """The page, opened once; it asks for nothing but its own files, and has nothing to complain about."""
    context = browser.new_context(**browser_context_args)
    page, asked, complaints = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(made[0].as_uri())
    assert not [url for url in asked if url.endswith(".js") and "player" not in url], "data were loaded before anybody asked"
    yield page
    context.close()
    assert not [url for url in asked if not url.startswith((made[0].parent.as_uri(), "data:", "blob:"))]
    assert complaints == []


def box(page, name):
    return page.locator(".lessonlib-play").nth(NAMES.index(name))


def test_each_picture_is_that_of_the_library_and_no_fault_passes(page, made):
    rng = np.random.default_rng(1)
    for number, (name, library) in enumerate(made[1].items()):
        states = [tuple(map(int, rng.integers(library.sizes))) for _ in range(3)]
        wanted = {at: library.at(at) for at in states}
        for at in states:
            found = player.drawn(page, number, at)
            assert player.unlike(found, wanted[at][0]) <= library.most(wanted[at][0]), (name, at)
            assert box(page, name).locator(".lessonlib-readout span").first.inner_text() == wanted[at][1]
            others = [other for other in states if other != at]
            assert all(player.unlike(found, wanted[other][0]) > 4 * player.MOST for other in others), (name, at, "two states swapped")


def test_the_loss_of_any_artist_is_found(page, made):
    wanted, whole, found = made[1][NAMES[0]].at([25])[0], player.drawn(page, 0, [25]), []
    for track in range(page.evaluate("document.querySelector('.lessonlib-play').play.data.tracks.length")):
        page.evaluate("k => { const { data } = document.querySelector('.lessonlib-play').play; window.lost = data.tracks.splice(k, 1)[0]; }", track)
        without = player.drawn(page, 0, [25])
        page.evaluate("k => { document.querySelector('.lessonlib-play').play.data.tracks.splice(k, 0, window.lost); }", track)
        if np.abs(without.astype(int) - whole).max(-1).sum() > 40 * 255:  # a line may lie under its own markers
            found.append(track)
            assert player.unlike(without, wanted) > 4 * player.MOST, track
    assert len(found) > 8


def test_controls_have_names_and_keys_and_the_picture_follows_in_a_frame(page):
    walkers = box(page, NAMES[0])
    slider = walkers.get_by_role("slider", name="steps")
    walkers.evaluate("box => box.play.ready()")
    slider.focus()
    page.keyboard.press("Home")
    assert slider.get_attribute("aria-valuetext") == "0"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("PageUp")
    assert 5 < int(slider.get_attribute("aria-valuetext")) < 12
    changed = walkers.evaluate("""async box => {
        const range = box.querySelector('input'), shown = () => box.querySelector('canvas').toDataURL(), before = shown();
        range.value = 30;
        range.dispatchEvent(new Event('input', {bubbles: true}));
        await new Promise(requestAnimationFrame);
        return [before !== shown(), box.querySelector('.lessonlib-readout span').textContent]; }""")
    assert changed[0]
    assert changed[1].startswith("Loss after 30 steps")
    floor = box(page, NAMES[1])
    radio = floor.get_by_role("group", name="rule").get_by_role("radio", name="momentum", exact=True)
    floor.get_by_role("radio", name="AdamW").focus()
    page.keyboard.press("ArrowLeft")
    assert radio.is_checked()
    page.wait_for_function("told => document.querySelectorAll('.lessonlib-readout span')[2].textContent.startsWith(told)", arg="momentum, 20 bytes")


def test_one_experiment_twice_on_a_page_is_two(page):
    told = page.evaluate("""async () => {
        const [one] = document.querySelectorAll('.lessonlib-play'), other = document.createElement('div');
        other.className = 'lessonlib-play';
        other.append(...[...one.querySelectorAll(':scope > .lessonlib-still, :scope > .lessonlib-words, :scope > script')].map(e => e.cloneNode(true)));
        document.querySelector('main').append(other);
        lessonlibPlay();
        await Promise.all([one.play.ready(), other.play.ready()]);
        one.play.set([7]);
        other.play.set([9]);
        const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
        const lines = [one, other].map(box => box.querySelector('.lessonlib-readout span').textContent.slice(0, 18));
        other.remove();
        return [ids.length, new Set(ids).size, ...lines]; }""")
    assert told[0] == told[1]
    assert told[2:] == ["Loss after 7 steps", "Loss after 9 steps"]


def test_goal_and_readout_are_told_after_a_drag_and_not_at_each_stop(page):
    walkers = box(page, NAMES[0])
    walkers.evaluate("box => { box.play.set([50]); }")
    goal, readout = (walkers.locator(f".lessonlib-{line} [role=status]") for line in ("goal", "readout"))
    place = walkers.get_by_role("slider").bounding_box()
    y = place["y"] + place["height"] / 2
    page.wait_for_timeout(700)
    page.evaluate("""() => { window.said = 0; for (const line of document.querySelectorAll('.lessonlib-play [role=status]'))
        new MutationObserver(() => { window.said++; }).observe(line, {childList: true, characterData: true, subtree: true}); }""")
    page.mouse.move(place["x"] + place["width"] - 8, y)
    page.mouse.down()
    for share in (0.8, 0.6, 0.5):
        page.mouse.move(place["x"] + share * place["width"], y, steps=4)
        page.wait_for_timeout(300)
    assert readout.inner_text().startswith("Loss after 50 steps")
    assert page.evaluate("window.said") == 0
    page.mouse.up()
    page.wait_for_timeout(700)
    assert page.evaluate("window.said") == 1
    assert not readout.inner_text().startswith("Loss after 50 steps")
    assert goal.inner_text() == "Not reached yet."
    for stop in range(51):
        walkers.evaluate("(box, stop) => { box.play.set([stop]); }", stop)
    page.wait_for_timeout(700)
    assert "Goal reached with steps = " in goal.inner_text()
    assert page.evaluate("window.said") == 3


def test_axe_finds_nothing_serious_on_a_light_and_on_a_dark_page(made, browser):
    context = browser.new_context()  # its own: axe asks for style sheets in a way that a page from the disk may not
    page = context.new_page()
    page.goto(made[0].as_uri())
    assert lab.serious(page) == []
    page.evaluate("Object.assign(document.body.style, {background: '#111', color: '#eee'})")
    assert lab.serious(page) == []
    context.close()


def test_a_narrow_window_and_a_print(page):
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.set_viewport_size({"width": 1200, "height": 1000})
    page.emulate_media(media="print")
    for name in NAMES:
        assert box(page, name).locator(".lessonlib-still").is_visible()
        assert box(page, name).locator(".lessonlib-words").is_visible()
        assert not box(page, name).locator("canvas, .lessonlib-controls, .lessonlib-goal").filter(visible=True).count()
    page.emulate_media(media="screen")
    assert not box(page, NAMES[0]).locator(".lessonlib-still").is_visible()


def test_without_scripts_the_still_and_its_words_stand(made, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(made[0].as_uri())
    for name in NAMES:
        assert box(page, name).locator("img").evaluate("image => image.naturalWidth") > 400
        assert len(box(page, name).locator("p").inner_text()) > 40
    assert not page.locator("input").count()
    context.close()


def test_where_no_worker_starts_and_where_data_are_missing(made, browser):
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script("window.Worker = class { constructor() { throw new Error('none here'); } };")
    page.goto(made[0].as_uri())
    assert player.drawn(page, 0, [3]).std() > 10
    page.evaluate("document.querySelectorAll('.lessonlib-play')[1].play.ready()")
    (made[0].parent / "play" / f"{NAMES[2]}.js").rename(made[0].parent / "away.js")
    page.evaluate("document.querySelectorAll('.lessonlib-play')[2].play.ready()")
    (made[0].parent / "away.js").rename(made[0].parent / "play" / f"{NAMES[2]}.js")
    assert "This picture stands still: " in box(page, NAMES[2]).locator(".lessonlib-readout [role=status]").inner_text()
    assert box(page, NAMES[2]).locator(".lessonlib-stage img").is_visible()
    context.close()
