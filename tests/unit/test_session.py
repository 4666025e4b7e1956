"""The sorting screen's state: what each key does to it, and that nothing but the person's keys changes what plays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tiksort_tui.domain import FileStamp, Filing, LibrarySnapshot, Prediction, Suggestion, Video
from tiksort_tui.session import DIGITS, FilingRequest, Session

ROOT, STAMP = Path("/videos"), FileStamp(0, 0, 0, 0)
UNSORTED, GONE = "(unsorted)", "(gone)"
FOLDERS = [f"folder {i}" for i in range(9)]


def session_of(clips: Sequence[str], folders: Sequence[str], labelled: Sequence[str] = ()) -> Session:
    """A session over `clips` of the root; `labelled` are FOLDER/NAME."""
    videos = [Video(ROOT / name, None, STAMP) for name in clips]
    videos += [Video(ROOT / name, Path(name).parts[0], STAMP) for name in labelled]
    return Session(LibrarySnapshot(ROOT, tuple(folders), tuple(videos)))


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
    assert (order(session), session.busy) == ("[d]", True)
    assert (counts(session), session.remaining, session.total) == ({"cats": 2, "dogs": 1}, 1, 4)
    session.moved(requests[0])
    session.move_failed(requests[1])
    session.moved(requests[2])
    assert (order(session), session.busy) == ("b [d]", False)
    assert (counts(session), session.filed.total(), session.total) == ({"cats": 2, "dogs": 0}, 2, 4)
    session.undone(filing("c", "cats/c"))
    assert order(session) == "b [c] d"
    assert (counts(session), session.filed.total(), session.total) == ({"cats": 1, "dogs": 0}, 1, 4)


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
    session.undone(filing("a", "kittens/a"))
    assert (order(session), counts(session), session.filed.total()) == ("[a] b", {"kittens": 1, "dogs": 0}, 0)


def test_undoing_filings_of_earlier_sessions_makes_this_one_longer() -> None:
    session = session_of("ab", ["cats", "dogs"], ["cats/old", "cats/from dogs", "cats/b"])
    session.moved(file(session, "cats"))
    session.undone(filing("old", "cats/old"))
    assert (counts(session), session.filed.total(), session.total) == ({"cats": 3, "dogs": 0}, 1, 3)
    session.undone(filing("dogs/from dogs", "cats/from dogs"))
    assert order(session) == "[old] b"
    assert (counts(session), session.filed.total(), session.total) == ({"cats": 2, "dogs": 1}, 1, 3)
    session.undone(filing("b", "cats/b"))  # Another program took the b of the queue away, unnoticed.
    assert order(session) == "old [b]"


def test_a_filing_that_came_to_nothing_is_not_taken_for_an_earlier_one_of_the_same_path() -> None:
    session = session_of("ab", ["cats", "dogs"], ["dogs/a", "dogs/b"])
    session.move_failed(file(session, "cats"))
    session.moved(file(session, "cats"))
    session.undone(filing("b", "cats/b"))
    for name in "ab":
        session.gone(ROOT / name)
        session.undone(filing(name, f"dogs/{name}"))
    assert (session.filed.total(), session.total) == (0, 2)


def test_suggestions_are_of_the_clip_on_screen_and_a_digit_is_a_folder() -> None:
    session = session_of("ab", ["cats", "dogs"])
    session.apply(1, [Prediction(ROOT / "a", (Suggestion("dogs", 0.9), Suggestion("cats", 0.1)))])
    assert [session.suggestion(rank) for rank in (1, 2, 3)] == ["dogs", "cats", None]
    assert [session.folder_of_key(key) for key in "123"] == ["cats", "dogs", None]
    session.walk(1)
    assert session.suggestion(1) is None


def test_twenty_thousand_clips() -> None:
    session = session_of([f"{i:05}" for i in range(20_000)], ["cats"])
    for i, request in enumerate([file(session, "cats") for _ in range(9_999)]):
        (session.move_failed if i % 2 else session.moved)(request)
    session.gone(ROOT / "19000")
    assert (session.remaining, session.total) == (14_999, 19_999)
    assert session.upcoming(2) == [ROOT / "09999", ROOT / "10000"]


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
        self.in_flight: list[FilingRequest] = []
        self.filed: dict[Path, str] = {}
        self.put_off: list[Path] = []
        self.predictions: dict[Path, Prediction] = {}
        self.names, self.generation = FOLDERS, 0

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

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data(), succeeds=st.booleans())
    def filing_ends(self, data: st.DataObject, succeeds: bool) -> None:
        request = data.draw(st.sampled_from(self.in_flight))
        self.in_flight.remove(request)
        shown = self.session.current
        (self.session.moved if succeeds else self.session.move_failed)(request)
        assert shown in (self.session.current, None)
        if succeeds:
            self.done.append(filing(request.clip.name, f"{request.folder}/{request.clip.name}"))
        else:
            self.where[request.clip] = UNSORTED
            del self.filed[request.clip]
            assert self.session.queue.index(request.clip) == min(request.place, len(self.session.queue) - 1)

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def undone(self, data: st.DataObject) -> None:
        taken_back = data.draw(st.sampled_from(self.done))
        self.done.remove(taken_back)
        self.session.undone(taken_back)
        assert self.session.current == taken_back.source
        self.where[taken_back.source] = UNSORTED
        self.filed.pop(taken_back.source, None)

    @rule(step=st.integers(-3, 3))
    def walk(self, step: int) -> None:
        expected = sorted((0, self.session.cursor + step, max(0, len(self.session.queue) - 1)))[1]
        self.session.walk(step)
        assert self.session.cursor == expected

    @precondition(lambda self: self.session.queue)
    @rule()
    def later(self) -> None:
        following = self.session.upcoming(2)[1:] or self.session.queue[:1]
        self.put_off += self.session.upcoming(1)
        self.session.later()
        assert (self.session.queue[-1], self.session.upcoming(1)) == (self.put_off[-1], following)

    @rule()
    def previous(self) -> None:
        clip = self.session.current
        while self.put_off and (self.put_off[-1] == clip or self.where[self.put_off[-1]] != UNSORTED):
            self.put_off.pop()
        before = self.session.queue[max(0, self.session.cursor - 1) :]
        expected = [self.put_off.pop(), clip] if self.put_off else before[:2]
        self.session.previous()
        assert self.session.upcoming(2) == expected

    @rule(data=st.data())
    def gone(self, data: st.DataObject) -> None:
        clip = data.draw(st.sampled_from([ROOT / "never seen", *self.where]))
        expected = self.neighbour() if clip == self.session.current else self.session.upcoming(1)
        self.session.gone(clip)
        assert self.session.upcoming(1) == expected
        if self.where.get(clip) == UNSORTED:
            self.where[clip] = GONE

    @rule(name=st.sampled_from(["folder 3", "new 0", "a new one, first by name"]))
    def add_folder(self, name: str) -> None:
        shown = self.session.current
        self.session.add_folder(name)
        assert self.session.current == shown
        self.names = self.names if name in self.names else [*self.names, name]

    @rule(age=st.integers(-1, 1), folder=st.sampled_from(FOLDERS))
    def apply(self, age: int, folder: str) -> None:
        predictions = {clip: Prediction(clip, (Suggestion(folder, 0.5),)) for clip in self.where}
        shown = self.session.current
        self.session.apply(self.generation + age, predictions.values())
        if age >= 0:
            self.generation, self.predictions = self.generation + age, predictions
        assert (self.session.current, self.session.predictions) == (shown, self.predictions)

    @invariant()
    def every_clip_is_in_one_place_and_counted_there(self) -> None:
        places = Counter(self.where.values())
        assert sorted(self.session.queue) == sorted(clip for clip in self.where if self.where[clip] == UNSORTED)
        assert self.session.cursor in range(max(1, len(self.session.queue)))
        assert (self.session.current is None) == (not self.session.queue)
        assert self.session.busy == bool(self.in_flight)
        assert counts(self.session) == {name: places[name] for name in self.names}
        assert self.session.filed == Counter(self.filed.values())
        assert self.session.total == self.session.remaining + len(self.filed) == places[UNSORTED] + len(self.filed)

    @invariant()
    def keys_never_shift(self) -> None:
        assert [folder.name for folder in self.session.folders] == self.names
        assert [folder.key for folder in self.session.folders] == [*DIGITS, None][: len(self.names)]


TestSorting = Sorting.TestCase
TestSorting.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
