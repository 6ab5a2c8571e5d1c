"""Every experiment of the course as the player draws it, at random states, beside the library's own pictures: `make play-test`."""
from __future__ import annotations

import lab
import numpy as np
import player
import pytest
import recordings

STATES = 6
PLAYS = recordings.catalogue()


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium."""
    with lab.browser() as opened:
        yield opened


@pytest.mark.parametrize("play", PLAYS, ids=[play.name for play in PLAYS])
def test_each_picture_is_that_of_the_library_and_another_states_is_not(browser, play, tmp_path):
    page = browser.new_context(viewport={"width": 1200, "height": 1000}).new_page()
    page.goto(player.write_page(tmp_path, [play], recordings.KEPT).as_uri())
    library, rng = player.Wanted(recordings.experiment(play), recordings.GRIDS.get(play.name, {})), np.random.default_rng(1)
    states = [tuple(map(int, rng.integers(library.sizes))) for _ in range(STATES)]
    wanted, found, told = [library.at(at) for at in states], [], []
    for at in states:
        found.append(player.drawn(page, 0, at))
        told.append(page.locator(".lessonlib-readout span").first.text_content())
    page.context.close()
    off = [player.unlike(one, pixels) for one, (pixels, _) in zip(found, wanted, strict=True)]
    swapped = [player.unlike(found[k], wanted[k - 1][0]) for k in range(STATES) if states[k] != states[k - 1]]
    most = [library.most(pixels) for pixels, _ in wanted]
    print(f"{play.name}: pixels without their like {off}, at most {[*map(round, most)]}, where two states are swapped {swapped}")
    assert all(each <= bar for each, bar in zip(off, most, strict=True))
    assert max(swapped) > 4 * max(most)  # two states can look alike
    assert told == [words for _, words in wanted]
