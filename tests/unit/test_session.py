"""The sorting screen's state: what each key does to it, and that nothing but the person's keys changes what plays."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tiksort_tui.domain import FileStamp, Filing, LibrarySnapshot, Prediction, Suggestion, Video
from tiksort_tui.labels import DIGITS
from tiksort_tui.ordering import Filter, Order, Show, Suggested
from tiksort_tui.queue import IN_SIGHT
from tiksort_tui.session import FilingRequest, Session

ROOT = Path("/videos")
UNSORTED, GONE = "(unsorted)", "(gone)"
FOLDERS = [f"folder {i}" for i in range(9)]


def session_of(clips: Sequence[str], folders: Sequence[str], labelled: Sequence[str] = ()) -> Session:
    """A session over `clips` of the root; `labelled` are FOLDER/NAME."""
    return Session(listing({ROOT / name: None for name in clips} | {ROOT / name: name for name in labelled}, folders))


def listing(
    clips: Mapping[Path, str | None], folders: Sequence[str], versions: Mapping[Path, int] | None = None
) -> LibrarySnapshot:
    """What a scan finds: `clips` with None, or with FOLDER/NAME where they are sorted."""
    videos = [
        Video(ROOT / place if place else clip, Path(place).parts[0] if place else None, stamp(clip, versions))
        for clip, place in clips.items()
    ]
    return LibrarySnapshot(ROOT, tuple(folders), tuple(sorted(videos, key=lambda video: video.path)))


def stamp(clip: Path, versions: Mapping[Path, int] | None = None) -> FileStamp:
    """Some clips are as old as others; another version of a file is newer."""
    return FileStamp(0, 0, 0, sum(clip.name.encode()) % 4 + 10 * (versions or {}).get(clip, 0))


def order(session: Session) -> str:
    """The names in the queue, the one on screen in brackets."""
    return " ".join(f"[{clip.name}]" if clip == session.current else clip.name for clip in session.queue)


def counts(session: Session) -> dict[str, int]:
    return {folder.name: folder.count for folder in session.folders}


def file(session: Session, folder: str) -> FilingRequest:
    request = session.file(folder)
    assert request is not None
    return request


def filing(source: str, target: str) -> Filing:
    return Filing(1, ROOT / source, ROOT / target)


def test_three_are_filed_one_fails_and_one_is_undone() -> None:
    session = session_of("abcd", ["cats", "dogs"])
    requests = [file(session, folder) for folder in ("cats", "dogs", "cats")]
    assert (order(session), bool(session._in_flight)) == ("[d]", True)
    assert (counts(session), session.remaining, session.total) == ({"cats": 2, "dogs": 1}, 1, 4)
    session.moved(requests[0])
    session.move_failed([requests[1]], {})
    session.moved(requests[2])
    assert (order(session), bool(session._in_flight)) == ("b [d]", False)
    assert (counts(session), session.filed.total(), session.total) == ({"cats": 2, "dogs": 0}, 2, 4)
    session.undone([filing("c", "cats/c")])
    assert order(session) == "b [c] d"
    assert (counts(session), session.filed.total(), session.total) == ({"cats": 1, "dogs": 0}, 1, 4)


def test_many_are_filed_at_once_and_those_that_fail_come_back_to_their_places() -> None:
    session = session_of("abcdef", ["cats", "dogs"])
    session.walk(2)
    chosen = dict.fromkeys((ROOT / name for name in "fdcbx"), "cats") | {ROOT / "e": "unknown", ROOT / "b": "dogs"}
    requests = session.file_all(chosen)
    assert [(request.clip.name, request.folder) for request in requests] == [
        ("b", "dogs"), ("c", "cats"), ("d", "cats"), ("f", "cats"),
    ]  # fmt: skip
    assert (order(session), bool(session._in_flight)) == ("a [e]", True)
    assert counts(session) == {"cats": 3, "dogs": 1}
    session.move_failed(requests, {})
    assert (order(session), bool(session._in_flight), session.remaining) == ("a b c d [e] f", False, 6)
    assert session.file_all({}) == []


def test_many_are_taken_back_and_filed_again_at_once() -> None:
    session = session_of("abcdef", ["cats", "dogs"], ["dogs/old"])
    session.apply(1, [Prediction(ROOT / name, (Suggestion("cats", 0.9),)) for name in "abcde"])
    session.walk(2)
    requests = session.file_all(dict.fromkeys((ROOT / name for name in "abe"), "cats"))
    for request in requests:
        session.moved(request)
    assert order(session) == "[c] d f"
    done = [filing(name, f"cats/{name}") for name in "abe"] + [filing("cats/x", "dogs/x"), filing("old", "dogs/old")]
    session.undone(done[::-1])
    # As one after the other, newest first: each came in before the one on screen.
    assert order(session) == "[a] b e old c d f"
    assert (counts(session), session.filed.total()) == ({"cats": 1, "dogs": -1}, 0)
    session.redone(done)
    assert order(session) == "[c] d f"
    assert (counts(session), session.filed.total()) == ({"cats": 3, "dogs": 1}, 4)
    # The filter leaves all but the one that comes on screen out.
    session.arrange(Order.NAME, Show.UNPREDICTED)
    assert order(session) == "[c] f"
    session.undone([done[1], done[0]])
    assert order(session) == "[a] f"


def test_a_clip_that_was_put_off_comes_back_to_where_the_person_is() -> None:
    session = session_of("abcd", ["cats"])
    session.later()
    assert order(session) == "[b] c d a"
    file(session, "cats")
    session.previous()
    assert order(session) == "[a] c d"
    file(session, "cats")
    assert order(session) == "[c] d"


def test_previous_passes_over_the_clip_on_screen() -> None:
    session = session_of("abc", ["cats"])
    session.later()
    session.later()
    session.walk(2)
    session.previous()
    assert order(session) == "c [a] b"


def test_a_renamed_folder_keeps_its_key_its_clips_and_what_the_model_says_of_it() -> None:
    session = session_of("ab", ["cats", "dogs"], ["cats/old"])
    session.apply(1, [Prediction(ROOT / "b", (Suggestion("cats", 0.9), Suggestion("dogs", 0.1)))])
    session.moved(file(session, "cats"))
    session.folder_renamed("cats", "kittens")
    assert counts(session) == {"kittens": 2, "dogs": 0}
    assert (session.folder_of_key("1"), session.suggestion(1), session.suggestion(2)) == ("kittens", "kittens", "dogs")
    session.undone([filing("a", "kittens/a")])
    assert (order(session), counts(session), session.filed.total()) == ("[a] b", {"kittens": 1, "dogs": 0}, 0)


def test_what_is_said_of_clips_in_a_renamed_folder_goes_along() -> None:
    session = session_of("ab", ["cats", "dogs"], ["cats/a"])
    near = (ROOT / "cats" / "x", ROOT / "dogs" / "y", ROOT / "cats and dogs" / "z")
    session.apply(1, [Prediction(ROOT / "b", (Suggestion("dogs", 0.9),), near)])
    session.move_failed([file(session, "cats")], {ROOT / "a": ROOT / "cats" / "a"})
    session.folder_renamed("cats", "kittens")
    assert session.duplicates == {ROOT / "a": ROOT / "kittens" / "a"}
    assert session.predictions[ROOT / "b"].nearest == (ROOT / "kittens" / "x", *near[1:])


def test_a_folder_that_gets_the_name_of_one_that_has_just_gone_is_there_once() -> None:
    session = session_of("ab", ["cats", "dogs", "fish"])
    session.folder_renamed("cats", "dogs")
    assert keys(session) == {"dogs": "1", "fish": "3"}
    session.rescan(listing({ROOT / "a": None}, ["dogs", "fish"]))
    assert keys(session) == {"dogs": "1", "fish": "3"}


def test_a_filing_that_was_under_way_when_its_folder_was_renamed_is_counted_there() -> None:
    session = session_of("abc", ["cats", "dogs"])
    fails, holds = file(session, "cats"), file(session, "cats")
    session.folder_renamed("cats", "kittens")
    session.move_failed([fails], {})
    session.moved(holds)
    assert (counts(session), session.filed) == ({"kittens": 1, "dogs": 0}, Counter({"kittens": 1}))


def test_a_renamed_folder_keeps_the_users_own_key() -> None:
    session = Session(listing({ROOT / "a": None}, ["cats", "dogs"]), own_keys={"c": "cats"})
    session.folder_renamed("cats", "kittens")
    assert session.folder_of_key("c") == "kittens"


def keys(session: Session) -> dict[str, str | None]:
    return {folder.name: folder.key for folder in session.folders}


def test_a_folder_that_goes_leaves_its_key_and_has_it_again_when_it_comes_back() -> None:
    names = ["birds", "cats", "dogs", "fish"]
    session = session_of("ab", names, ["cats/old"])
    session.apply(1, [Prediction(ROOT / "a", (Suggestion("cats", 0.9),))])
    clips: dict[Path, str | None] = dict.fromkeys(ROOT / name for name in "ab")
    session.rescan(listing(clips, ["birds", "fish"]))
    assert keys(session) == {"birds": "1", "fish": "4"}
    assert (session.folder_of_key("2"), session.file("cats"), order(session)) == (None, None, "[a] b")
    session.rescan(listing(clips | {ROOT / "old": "cats/old"}, ["a new one", *names]))
    # All that were here before have their keys again, in whichever order they come.
    assert keys(session) == {"birds": "1", "cats": "2", "dogs": "3", "fish": "4", "a new one": "5"}
    assert counts(session)["cats"] == 1
    session.rescan(listing(clips, ["birds", "cats", "kittens"]))
    # The next free one, which is that of a folder that was given another name.
    assert keys(session) == {"birds": "1", "cats": "2", "kittens": "3"}
    session.add_folder("dogs")
    assert keys(session)["dogs"] == "4"


def test_a_filing_into_a_folder_that_goes_meanwhile_brings_its_clip_back() -> None:
    session = session_of("ab", ["birds", "cats"])
    request = file(session, "cats")
    session.rescan(listing({ROOT / "a": None, ROOT / "b": None}, ["birds"]))
    session.move_failed([request], {})
    assert (order(session), counts(session), session.total) == ("a [b]", {"birds": 0}, 2)


def test_undoing_filings_of_earlier_sessions_makes_this_one_longer() -> None:
    session = session_of("ab", ["cats", "dogs"], ["cats/old", "cats/from dogs", "cats/b"])
    session.moved(file(session, "cats"))
    session.undone([filing("old", "cats/old")])
    assert (counts(session), session.filed.total(), session.total) == ({"cats": 3, "dogs": 0}, 1, 3)
    session.undone([filing("dogs/from dogs", "cats/from dogs")])
    assert order(session) == "[old] b"
    assert (counts(session), session.filed.total(), session.total) == ({"cats": 2, "dogs": 1}, 1, 3)
    session.undone([filing("b", "cats/b")])  # Another program took the b of the queue away, unnoticed.
    assert order(session) == "old [b]"


def test_a_filing_that_came_to_nothing_is_not_taken_for_an_earlier_one_of_the_same_path() -> None:
    session = session_of("ab", ["cats", "dogs"], ["dogs/a", "dogs/b"])
    session.move_failed([file(session, "cats")], {})
    session.moved(file(session, "cats"))
    session.undone([filing("b", "cats/b")])
    for name in "ab":
        session.gone([ROOT / name])
        session.undone([filing(name, f"dogs/{name}")])
    assert (session.filed.total(), session.total) == (0, 2)


def test_a_clip_that_comes_back_is_in_no_group_until_a_model_speaks_of_it_again() -> None:
    session = session_of("abc", ["cats"])
    session.apply(1, [predicted(ROOT / name, 3, group=1) for name in "abc"])
    session.moved(file(session, "cats"))
    session.apply(2, [predicted(ROOT / name, 3, group=1) for name in "bc"])
    session.undone([filing("a", "cats/a")])
    assert [session.predictions[ROOT / name].group for name in "abc"] == [0, 1, 1]
    session.apply(3, [predicted(ROOT / "a", 3, group=2)])
    assert session.predictions[ROOT / "a"].group == 2


def test_suggestions_are_of_the_clip_on_screen_and_a_digit_is_a_folder() -> None:
    session = session_of("ab", ["cats", "dogs"])
    session.apply(1, [Prediction(ROOT / "a", (Suggestion("dogs", 0.9), Suggestion("cats", 0.1)))])
    assert [session.suggestion(rank) for rank in (1, 2, 3)] == ["dogs", "cats", None]
    assert [session.folder_of_key(key) for key in "123"] == ["cats", "dogs", None]
    session.walk(1)
    assert session.suggestion(1) is None


def test_twenty_thousand_clips() -> None:
    session = session_of([f"{i:05}" for i in range(20_000)], ["cats"])
    requests = [file(session, "cats") for _ in range(9_999)]
    for request in requests[::2]:
        session.moved(request)
    session.move_failed(requests[1::2], {})
    session.gone([ROOT / "19000"])
    assert (session.remaining, session.total) == (14_999, 19_999)
    assert session.upcoming(2) == [ROOT / "09999", ROOT / "10000"]
    requests = session.file_all(dict.fromkeys(session.queue[::2], "cats"))
    assert (len(requests), session.remaining) == (7_500, 7_499)
    queue = list(session.queue)
    filings = [filing(request.clip.name, f"cats/{request.clip.name}") for request in requests]
    # Done clip by clip, each of these would take minutes.
    session.undone(filings[::-1])
    assert (session.remaining, session.upcoming(2)) == (14_999, [filings[0].source, filings[1].source])
    session.redone(filings)
    assert session.queue == queue
    session.undone(filings[::-1])
    requests = session.file_all(dict.fromkeys((one.source for one in filings), "cats"))
    session.move_failed(requests, {})
    assert session.remaining == 14_999
    session.gone([one.source for one in filings])
    assert session.queue == queue


def test_the_stamp_of_another_file_under_the_same_name_forgets_what_was_known_of_it() -> None:
    session = session_of("abc", ["cats"])
    session.apply(1, [Prediction(ROOT / name, (Suggestion("cats", 0.9),)) for name in "abc"])
    session.move_failed([file(session, "cats")], {ROOT / "a": ROOT / "cats" / "a"})
    session.read(ROOT / "c", failure="truncated")
    found = listing(dict.fromkeys(ROOT / name for name in "abcd"), ["cats"], {ROOT / "a": 1, ROOT / "c": 1})
    assert session.rescan(found) == [ROOT / "a", ROOT / "c", ROOT / "d"]
    assert (list(session.predictions), session.duplicates, session.failures) == ([ROOT / "b"], {}, {})
    # As it was left, and after it has come back from another disk.
    moved = [replace(video, stamp=video.stamp._replace(device=7, inode=8)) for video in found.videos]
    assert session.rescan(replace(found, videos=tuple(moved))) == []
    assert list(session.predictions) == [ROOT / "b"]


def test_a_clip_that_comes_back_from_a_folder_is_as_old_as_it_was() -> None:
    clips = {ROOT / name: None for name in "ab"} | {ROOT / "old": "cats/old"}
    session = Session(listing(clips, ["cats"], {ROOT / "old": 3, ROOT / "b": 2}))
    session.undone([filing("old", "cats/old")])
    session.walk(1)
    session.arrange(Order.NEWEST, Show.ALL)
    assert order(session) == "[a] old b"


def test_a_listing_brings_new_and_changed_clips_to_their_places_in_the_order() -> None:
    clips: dict[Path, str | None] = dict.fromkeys(ROOT / name for name in "abcdefgh")
    session = Session(listing(clips, ["cats"], {clip: 9 - place for place, clip in enumerate(clips)}))
    session.arrange(Order.NEWEST, Show.ALL)
    clips[ROOT / "new"] = None
    versions = {clip: 9 - place for place, clip in enumerate(clips)} | {ROOT / "new": 11}
    session.rescan(listing(clips, ["cats"], versions))
    # Behind those in sight.
    assert order(session) == "[a] b c d e f new g h"
    session.rescan(listing(clips, ["cats"], versions | {ROOT / "h": 10}))
    assert order(session) == "[a] b c d e f new h g"


def test_a_changed_clip_leaves_the_filter_that_shows_predicted_ones() -> None:
    session = session_of("abc", ["cats"])
    session.apply(1, [Prediction(ROOT / name, (Suggestion("cats", 0.9),)) for name in "abc"])
    session.arrange(Order.NAME, Show.SURE)
    session.rescan(listing(dict.fromkeys(ROOT / name for name in "abc"), ["cats"], {ROOT / "b": 1}))
    assert order(session) == "[a] c"


def test_a_clip_on_screen_that_the_filter_leaves_out_is_put_off_and_the_last_one_follows() -> None:
    session = session_of("abc", ["cats"])
    session.apply(1, [Prediction(ROOT / name, (Suggestion("cats", 0.9),)) for name in "abc"])
    session.arrange(Order.NAME, Show.SURE)
    session.walk(1)
    session.apply(1, [Prediction(ROOT / "b", (Suggestion("cats", 0.1),))])
    assert order(session) == "a [b] c"
    session.later()
    assert order(session) == "a [c]"


def test_a_clip_that_was_put_off_and_brought_back_has_its_place_in_the_order_again() -> None:
    session = session_of("abcdefgh", ["cats"])
    session.apply(1, [Prediction(ROOT / name, (Suggestion("cats", 0.9),)) for name in "abcdefgh"])
    session.arrange(Order.SUREST, Show.ALL)
    session.walk(6)
    session.later()
    session.previous()
    session.walk(-6)
    session.apply(1, [Prediction(ROOT / "h", (Suggestion("cats", 0.8),))])
    assert order(session) == "[a] b c d e f g h"


@pytest.mark.parametrize(
    ("arranged", "shown"),
    [*((order, Show.ALL) for order in Order), *((Order.SUREST, shown) for shown in (*Show, Suggested("cats")))],
    ids=str,
)
def test_twenty_thousand_clips_in_every_order_and_filter(arranged: Order, shown: Filter) -> None:
    """All that a key or an event does looks at each clip a few times at most, or this would take minutes."""
    session = session_of([f"{i:05}" for i in range(20_000)], ["cats", "dogs"])
    session.arrange(arranged, shown)
    clips = list(session.queue)
    for start in range(0, len(clips), 500):
        session.apply(1, [predicted(clip, i % 97, i % 7) for i, clip in enumerate(clips[start : start + 500])])
    requests = [request for _ in range(200) if (request := session.file("cats"))]
    for i, request in enumerate(requests):
        session.move_failed([request], {}) if i % 2 else session.moved(request)
    for _ in range(100):
        session.later()
        session.walk(2)
        session.previous()
    assert len(set(session.queue)) == len(session.queue)


def predicted(clip: Path, number: int, group: int) -> Prediction:
    best = (Suggestion(FOLDERS[number % 3], number % 10 / 10),)
    places = {"least_sure": number // 4, "most_different": -number, "group": group}
    return Prediction(clip, best, outlier=number % 5 == 0, **places)


class Sorting(RuleBasedStateMachine):
    """All in any order, beside a model that knows where each clip is, and which filings are this session's."""

    @initialize(clips=st.sampled_from([0, 1, 3, 8]), walk=st.integers(0, 7), old=st.lists(st.sampled_from(FOLDERS)))
    def begin(self, clips: int, walk: int, old: list[str]) -> None:
        names = [f"clip {i}" for i in range(clips)]
        self.session = session_of(names, FOLDERS, [f"{folder}/old {i}" for i, folder in enumerate(old)])
        self.session.walk(walk)
        # Each clip by the path that undoing brings it to.
        self.where = dict.fromkeys((ROOT / name for name in names), UNSORTED)
        self.where |= {ROOT / f"old {i}": folder for i, folder in enumerate(old)}
        self.done = [filing(f"old {i}", f"{folder}/old {i}") for i, folder in enumerate(old)]
        self.taken_back: list[Filing] = []
        self.in_flight: list[FilingRequest] = []
        self.filed: dict[Path, str] = {}
        self.put_off: list[Path] = []
        self.predictions: dict[Path, Prediction] = {}
        self.failures: set[Path] = set()
        self.replaced: set[Path] = set()
        self.versions: dict[Path, int] = {}
        self.order, self.filter = Order.NAME, Show.ALL
        self.names, self.generation = FOLDERS, 0
        self.keys: dict[str, str | None] = {}

    def fits(self, clip: Path) -> bool:
        said = self.predictions.get(clip)
        if isinstance(self.filter, Suggested):
            return said is not None and said.folder == self.filter.folder
        return {
            Show.ALL: True,
            Show.UNPREDICTED: said is None,
            Show.SURE: said is not None and said.confidence >= 0.7,
            Show.UNSURE: said is not None and said.confidence < 0.7,
            Show.FAILED: clip in self.failures,
            Show.NOWHERE: said is not None and said.outlier,
        }[self.filter]

    def key(self, clip: Path) -> tuple[float, ...]:
        """What a clip is ordered by, besides its name."""
        late = self.put_off.index(clip) + 1 if clip in self.put_off else 0
        if self.order in (Order.NAME, Order.NEWEST):
            return late, -stamp(clip, self.versions).mtime_ns if self.order is Order.NEWEST else 0
        said = self.predictions.get(clip)
        if said is None:
            return late, math.inf
        return late, *{
            Order.SUREST: (-said.confidence,),
            Order.LEAST_SURE: (said.confidence,),
            Order.TEACHES_MOST: (said.least_sure, said.confidence),
            Order.MOST_DIFFERENT: (said.most_different,),
            Order.ALIKE: (said.group or 1000,),
        }[self.order]

    def in_order(self, clips: Sequence[Path]) -> list[Path]:
        """`clips` as they are to follow the one on screen."""
        clips = sorted(clips, key=lambda clip: (self.key(clip), clip.name))
        said = self.predictions.get(self.session.current) if self.session.current else None
        if self.order is not Order.ALIKE or not said or not said.group:
            return clips
        return sorted(clips, key=lambda clip: self.key(clip) != (0, said.group))

    def moved_on(self, clip: Path | None) -> list[Path]:
        """The clip that was on screen, if it stays in the queue."""
        return [clip] if clip and self.fits(clip) else []

    @rule(order=st.sampled_from(Order), shown=st.sampled_from([*Show, *map(Suggested, FOLDERS[:3])]))
    def arrange(self, order: Order, shown: Filter) -> None:
        on_screen = self.session.upcoming(1)
        self.session.arrange(order, shown)
        self.order, self.filter = order, shown
        fitting = [clip for clip, place in self.where.items() if place == UNSORTED and self.fits(clip)]
        first = on_screen or self.in_order(fitting)[:1]
        rest = [clip for clip in fitting if clip not in first]
        assert self.session.queue == first + (self.in_order(rest) if on_screen else self.in_order(fitting)[1:])
        assert self.session.upcoming(1) == first

    @rule(data=st.data(), new=st.integers(0, 2))
    def rescan(self, data: st.DataObject, new: int) -> None:
        clips = sorted(clip for clip, place in self.where.items() if place == UNSORTED)
        flying = {request.clip for request in self.in_flight}
        gone = data.draw(st.sets(st.sampled_from(clips), max_size=2)) if clips else set()
        changed = data.draw(st.sets(st.sampled_from(clips), max_size=2)) - gone if clips else set()
        arrived = {ROOT / f"new clip {len(self.where) + i}" for i in range(new)}
        for clip in gone:
            self.where[clip] = GONE
        for clip in changed:
            self.versions[clip] = self.versions.get(clip, 0) + 1
            self.predictions.pop(clip, None)
            self.failures.discard(clip)
        self.replaced |= changed | arrived
        on_screen, following = self.session.current, self.session.queue[self.session.cursor :]
        self.where |= dict.fromkeys(arrived, UNSORTED)
        found = {
            clip: None if place == UNSORTED or clip in flying else f"{place}/{clip.name}"
            for clip, place in self.where.items()
            if place != GONE
        }
        empty = [name for name in self.names if name not in self.where.values()]
        for name in data.draw(st.sets(st.sampled_from(empty), max_size=2)) if empty else ():
            self.names = [other for other in self.names if other != name]
            self.keys.pop(name, None)
        assert set(self.session.rescan(listing(found, self.names, self.versions))) == changed | arrived
        if on_screen in gone:
            left = [clip for clip in following if clip not in gone and self.fits(clip)]
            # One that came in may be the only one to follow.
            assert not left or self.session.current in left[:1] or changed
        elif on_screen:
            assert self.session.current == on_screen
        if self.order is Order.NAME and self.filter is Show.ALL and arrived:
            assert set(self.session.queue[-len(arrived) :]) == arrived

    def neighbour(self) -> list[Path]:
        """What is to come on screen when the clip there leaves: the next one, after the last the first."""
        queue, cursor = self.session.queue, self.session.cursor
        return (queue[cursor + 1 :] + queue[:cursor])[:1]

    @rule(folder=st.sampled_from([*FOLDERS, "new 0", "unknown"]))
    def file(self, folder: str) -> None:
        clip, cursor, neighbour = self.session.current, self.session.cursor, self.neighbour()
        request = self.session.file(folder)
        if clip is None or folder not in self.names:
            assert (request, self.session.current) == (None, clip)
        else:
            assert (request, self.session.upcoming(1)) == (FilingRequest(clip, folder, cursor), neighbour)
            self.where[clip] = self.filed[clip] = folder
            self.in_flight.append(FilingRequest(clip, folder, cursor))

    @rule(data=st.data())
    def file_all(self, data: st.DataObject) -> None:
        clips = st.sampled_from([ROOT / "never seen", *self.where])
        chosen = data.draw(st.dictionaries(clips, st.sampled_from([*FOLDERS, "new 0", "unknown"])))
        queue, cursor = list(self.session.queue), self.session.cursor
        requests = self.session.file_all({Path(str(clip)): folder for clip, folder in chosen.items()})
        planned = {
            clip: folder for clip, folder in chosen.items()
            if self.where.get(clip) == UNSORTED and folder in self.names
        }  # fmt: skip
        assert {request.clip: request.folder for request in requests} == planned
        assert self.session.upcoming(1) == [clip for clip in queue[cursor:] + queue[:cursor] if clip not in planned][:1]
        self.where |= planned
        self.filed |= planned
        self.in_flight += requests

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data(), succeeds=st.booleans())
    def filings_end(self, data: st.DataObject, succeeds: bool) -> None:
        requests = data.draw(st.lists(st.sampled_from(self.in_flight), min_size=1, unique=True))
        self.in_flight = [request for request in self.in_flight if request not in requests]
        shown, queue = self.session.current, list(self.session.queue)
        if succeeds:
            for request in requests:
                self.session.moved(request)
                self.done.append(filing(request.clip.name, f"{request.folder}/{request.clip.name}"))
        else:
            self.session.move_failed(requests, {})
            self.where |= dict.fromkeys((request.clip for request in requests), UNSORTED)
            expected = list(queue)
            for request in sorted(requests, key=lambda request: request.place)[::-1]:
                del self.filed[request.clip]
                if self.fits(request.clip):
                    expected.insert(min(request.place, len(queue)), request.clip)
            assert list(self.session.queue) == expected
        assert shown in (self.session.current, None)

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def undone(self, data: st.DataObject) -> None:
        filings = data.draw(st.lists(st.sampled_from(self.done), min_size=1, unique=True))
        queue, cursor = list(self.session.queue), self.session.cursor
        self.session.undone(filings)
        clips = [taken_back.source for taken_back in filings[::-1]]
        came_in = [clip for clip in clips if clip == clips[0] or self.fits(clip)]
        on_screen = queue[cursor : cursor + 1] if queue and self.fits(queue[cursor]) else []
        assert list(self.session.queue) == queue[:cursor] + came_in + on_screen + queue[cursor + 1 :]
        assert self.session.current == clips[0]
        self.done = [one for one in self.done if one not in filings]
        self.taken_back += filings
        for clip in clips:
            self.where[clip] = UNSORTED
            self.filed.pop(clip, None)
            if clip in self.predictions:
                self.predictions[clip] = self.predictions[clip]._replace(group=0)

    @precondition(lambda self: self.taken_back)
    @rule(data=st.data())
    def redone(self, data: st.DataObject) -> None:
        filings = data.draw(st.lists(st.sampled_from(self.taken_back), min_size=1, unique_by=lambda one: one.source))
        # What was filed again meanwhile, or has gone, is refused.
        filings = [one for one in filings if self.where[one.source] == UNSORTED]
        self.taken_back = [one for one in self.taken_back if one not in filings]
        queue, cursor = list(self.session.queue), self.session.cursor
        again = {one.source: one.target.parent.name for one in filings}
        self.session.redone(filings)
        assert self.session.upcoming(1) == [clip for clip in queue[cursor:] + queue[:cursor] if clip not in again][:1]
        self.where |= again
        self.filed |= again
        self.done += filings

    @rule(step=st.integers(-3, 3))
    def walk(self, step: int) -> None:
        self.walked(step)

    def walked(self, step: int) -> None:
        queue, cursor = list(self.session.queue), self.session.cursor
        place = sorted((0, cursor + step, max(0, len(queue) - 1)))[1]
        self.session.walk(step)
        assert self.session.upcoming(1) == queue[place : place + 1]

    @rule(data=st.data())
    def go_to(self, data: st.DataObject) -> None:
        clip = data.draw(st.sampled_from([ROOT / "never seen", *self.where]))
        expected = [clip] if clip in self.session.queue else self.session.upcoming(1)
        self.session.go_to(Path(str(clip)))
        assert self.session.upcoming(1) == expected

    @precondition(lambda self: self.session.queue)
    @rule()
    def later(self) -> None:
        clip, following = self.session.queue[self.session.cursor], self.neighbour()
        self.put_off = [one for one in self.put_off if one != clip] + [clip]
        self.session.later()
        assert self.session.upcoming(1) == (following or self.moved_on(clip))
        assert list(self.session.queue[-1:]) == self.moved_on(clip) or not self.fits(clip)

    @rule()
    def previous(self) -> None:
        clip = self.session.current
        while self.put_off and (self.put_off[-1] == clip or self.where[self.put_off[-1]] != UNSORTED):
            self.put_off.pop()
        if self.put_off:
            back = self.put_off.pop()
            self.session.previous()
            assert self.session.upcoming(2)[: 1 + len(self.moved_on(clip))] == [back, *self.moved_on(clip)]
        else:
            queue, cursor = list(self.session.queue), self.session.cursor
            self.session.previous()
            assert self.session.upcoming(1) == queue[max(0, cursor - 1) :][:1]

    @rule(data=st.data())
    def gone(self, data: st.DataObject) -> None:
        clip = data.draw(st.sampled_from([ROOT / "never seen", *self.where]))
        expected = self.neighbour() if clip == self.session.current else self.session.upcoming(1)
        self.session.gone([clip])
        assert self.session.upcoming(1) == expected
        if self.where.get(clip) == UNSORTED:
            self.where[clip] = GONE

    @rule(name=st.sampled_from(["folder 3", "new 0", "a new one, first by name"]))
    def add_folder(self, name: str) -> None:
        shown = self.session.current
        self.session.add_folder(name)
        assert self.session.current == shown
        self.names = self.names if name in self.names else [*self.names, name]

    @precondition(lambda self: self.where)
    @rule(age=st.integers(-1, 1), data=st.data())
    def apply(self, age: int, data: st.DataObject) -> None:
        numbers = st.tuples(st.integers(0, 20), st.integers(0, 3))
        said = data.draw(st.dictionaries(st.sampled_from(sorted(self.where)), numbers))
        # Paths that come over a pipe are other objects.
        predictions = {clip: predicted(Path(str(clip)), *told) for clip, told in said.items()}
        before = self.queue_in_sight()
        self.session.apply(self.generation + age, list(predictions.values()))
        if age >= 0:
            self.generation += age
            predictions = {clip: one for clip, one in predictions.items() if clip not in self.replaced}
            self.predictions |= predictions
            self.failures -= predictions.keys()
        assert self.session.predictions == self.predictions
        self.has_stayed_calm(before)
        if age >= 0 and said and (self.order is not Order.NAME or self.filter is not Show.ALL):
            behind = self.session.queue[self.session.cursor + 1 + IN_SIGHT :]
            touched = any(self.where[clip] == UNSORTED for clip in predictions)
            assert behind == self.in_order(behind) or not touched or self.order is Order.NEWEST

    @rule(data=st.data(), readable=st.booleans())
    def read(self, data: st.DataObject, readable: bool) -> None:
        clip = data.draw(st.sampled_from([ROOT / "never seen", *self.where]))
        before = self.queue_in_sight()
        self.session.read(clip, failure="" if readable else "truncated")
        if clip not in self.replaced:
            (self.failures.discard if readable else self.failures.add)(clip)
        self.has_stayed_calm(before)

    @rule()
    def run_begins(self) -> None:
        self.session.run_begins()
        self.replaced.clear()

    @rule()
    def no_predictions(self) -> None:
        before = self.queue_in_sight()
        self.session.no_predictions()
        self.predictions = {}
        self.has_stayed_calm(before)

    def queue_in_sight(self) -> tuple[list[Path], list[Path]]:
        """The clip on screen, and the queue up to the last clip in sight."""
        return self.session.upcoming(1), list(self.session.queue[: self.session.cursor + 1 + IN_SIGHT])

    def has_stayed_calm(self, before: tuple[list[Path], list[Path]]) -> None:
        """Nothing but what the filter leaves out has left, and what stays has not changed its place."""
        on_screen, in_sight = before
        assert not on_screen or self.session.upcoming(1) == on_screen
        stay = [clip for clip in in_sight if self.fits(clip) or clip in on_screen]
        assert list(self.session.queue[: len(stay)]) == stay

    @invariant()
    def every_clip_is_in_one_place_and_counted_there(self) -> None:
        places = Counter(self.where.values())
        unsorted = {clip for clip, place in self.where.items() if place == UNSORTED}
        on_screen = {self.session.current} - {None}
        assert sorted(self.session.queue) == sorted({clip for clip in unsorted if self.fits(clip)} | on_screen)
        assert on_screen <= unsorted
        assert self.session.cursor in range(max(1, len(self.session.queue)))
        assert (self.session.current is None) == (not self.session.queue)
        assert bool(self.session._in_flight) == bool(self.in_flight)
        assert counts(self.session) == {name: places[name] for name in self.names}
        assert self.session.filed == Counter(self.filed.values())
        assert self.session.remaining == places[UNSORTED]
        assert self.session.total == self.session.remaining + len(self.filed)

    @invariant()
    def keys_never_shift(self) -> None:
        now = keys(self.session)
        assert sorted(now) == sorted(self.names)
        self.keys = now | self.keys
        assert self.keys == now
        # No two have the same one, and they stand in the keys' order, after them those without one.
        digits = [key for key in now.values() if key]
        assert digits == [digit for digit in DIGITS if digit in digits]
        assert [*now.values()][: len(digits)] == digits


TestSorting = Sorting.TestCase
TestSorting.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
