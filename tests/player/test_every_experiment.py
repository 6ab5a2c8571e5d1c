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
def page(tmp_path_factory):
    """A page with all of them; what was recorded before is taken as it is."""
    path = player.write_page(tmp_path_factory.mktemp("recorded"), PLAYS, recordings.KEPT)
    with lab.browser() as browser:
        page = browser.new_context(viewport={"width": 1200, "height": 1000}).new_page()
        page.set_default_timeout(60_000)
        page.goto(path.as_uri())
        yield page


@pytest.mark.parametrize("number", range(len(PLAYS)), ids=[play.name for play in PLAYS])
def test_each_picture_is_that_of_the_library_and_another_states_is_not(page, number):
    play, rng = PLAYS[number], np.random.default_rng(number)
    library = player.Wanted(recordings.experiment(play), recordings.GRIDS.get(play.name, {}))
    states = [tuple(map(int, rng.integers(library.sizes))) for _ in range(STATES)]
    wanted, found, told = [library.at(at) for at in states], [], []
    for at in states:
        found.append(player.drawn(page, number, at))
        told.append(page.locator(".lessonlib-play").nth(number).locator(".lessonlib-readout span").first.text_content())
    off = [player.unlike(one, pixels) for one, (pixels, _) in zip(found, wanted, strict=True)]
    swapped = [player.unlike(found[k], wanted[k - 1][0]) for k in range(STATES) if states[k] != states[k - 1]]
    print(f"{play.name}: pixels without their like {off}, where two states are swapped {swapped}")
    assert max(off) <= player.MOST
    assert max(swapped) > 4 * player.MOST  # two states can look alike
    assert told == [words for _, words in wanted]
