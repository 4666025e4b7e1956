"""The sorting screen's state: what each key does to it, and that nothing but the person's keys changes what plays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tiksort_tui.domain import FileStamp, Filing, LibrarySnapshot, Prediction, Suggestion, Video
from tiksort_tui.session import DIGITS, FilingRequest, Session

ROOT = Path("/videos")
STAMP = FileStamp(0, 0, 0, 0)


def session_of(clips: list[str], folders: list[str], labelled: list[tuple[str, str]] | None = None) -> Session:
    """A session over clips of the root, and over labelled ones, each a folder and a name."""
    videos = [Video(ROOT / name, None, STAMP) for name in clips]
    videos += [Video(ROOT / folder / name, folder, STAMP) for folder, name in labelled or []]
    return Session(LibrarySnapshot(ROOT, tuple(folders), tuple(videos)))


def order(session: Session) -> str:
    """The names in the queue, the one on screen in brackets."""
    return " ".join(f"[{clip.name}]" if clip == session.current else clip.name for clip in session.queue)


def counts(session: Session) -> dict[str, int]:
    return {folder.name: folder.count for folder in session.folders}


def filing_of(request: FilingRequest) -> Filing:
    return Filing(1, request.clip, ROOT / request.folder / request.clip.name)


def file(session: Session, folder: str) -> FilingRequest:
    request = session.file(folder)
    assert request is not None
    return request


def test_three_are_filed_one_fails_and_one_is_undone() -> None:
    session = session_of(["a", "b", "c", "d"], ["cats", "dogs"])
    requests = [file(session, folder) for folder in ("cats", "dogs", "cats")]
    assert order(session) == "[d]"
    assert session.busy
    assert (counts(session), session.remaining, session.total) == ({"cats": 2, "dogs": 1}, 1, 4)

    session.moved(requests[0])
    session.move_failed(requests[1])
    session.moved(requests[2])
    assert order(session) == "b [d]"
    assert not session.busy
    assert (counts(session), session.filed.total(), session.total) == ({"cats": 2, "dogs": 0}, 2, 4)

    session.undone(filing_of(requests[2]))
    assert order(session) == "b [c] d"
    assert (counts(session), session.filed.total(), session.total) == ({"cats": 1, "dogs": 0}, 1, 4)


def test_the_last_clip_comes_back_on_the_empty_screen() -> None:
    session = session_of(["a"], ["cats"])
    request = file(session, "cats")
    assert session.current is None
    assert session.file("cats") is None
    session.move_failed(request)
    assert order(session) == "[a]"


def test_a_clip_that_was_put_off_comes_back_to_where_the_person_is() -> None:
    session = session_of(["a", "b", "c", "d"], ["cats"])
    session.later()
    assert order(session) == "[b] c d a"
    session.previous()
    assert order(session) == "[a] b c d"
    session.later()
    file(session, "cats")
    session.previous()
    assert order(session) == "[a] c d"
    file(session, "cats")
    assert order(session) == "[c] d"


def test_previous_passes_over_what_was_filed_since_and_then_walks_back() -> None:
    session = session_of(["a", "b", "c"], ["cats"])
    session.later()
    session.walk(9)
    file(session, "cats")
    assert order(session) == "b [c]"
    session.previous()
    assert order(session) == "[b] c"


def test_previous_is_never_a_key_that_does_nothing() -> None:
    session = session_of(["a", "b", "c"], ["cats"])
    session.later()
    session.walk(2)
    assert order(session) == "b c [a]"
    session.previous()
    assert order(session) == "b [c] a"


def test_undoing_a_filing_of_an_earlier_session_is_no_filing_less_in_this_one() -> None:
    session = session_of(["a", "b"], ["cats"], [("cats", "old")])
    session.moved(file(session, "cats"))
    session.undone(Filing(1, ROOT / "old", ROOT / "cats" / "old"))
    assert order(session) == "[old] b"
    assert (counts(session), session.filed.total(), session.total) == ({"cats": 1}, 1, 3)


def test_undoing_a_filing_from_folder_to_folder_counts_for_both_and_leaves_the_screen() -> None:
    session = session_of(["a"], ["cats", "dogs"], [("cats", "old")])
    session.undone(Filing(1, ROOT / "dogs" / "old", ROOT / "cats" / "old"))
    assert order(session) == "[a]"
    assert (counts(session), session.total) == ({"cats": 0, "dogs": 1}, 1)


def test_an_undone_clip_comes_on_screen_also_where_the_queue_still_names_another_file_of_its_path() -> None:
    session = session_of(["a", "b"], ["cats"], [("cats", "b")])
    session.undone(Filing(1, ROOT / "b", ROOT / "cats" / "b"))
    assert order(session) == "a [b]"


def test_ten_folders_have_keys_and_a_new_one_takes_the_next() -> None:
    session = session_of(["a"], [f"f{i}" for i in range(1, 10)])
    for name in ("a comes last", "f3", "has no key"):
        session.add_folder(name)
    assert "".join(folder.key or "-" for folder in session.folders) == DIGITS + "-"
    assert (session.folder_of_key("3"), session.folder_of_key("0")) == ("f3", "a comes last")
    assert session.folder_of_key("x") is None


def test_suggestions_are_of_the_clip_on_screen() -> None:
    session = session_of(["a", "b"], ["cats", "dogs"])
    session.apply(1, [Prediction(ROOT / "a", (Suggestion("dogs", 0.9), Suggestion("cats", 0.1)))])
    assert [session.suggestion(rank) for rank in (1, 2, 3)] == ["dogs", "cats", None]
    session.walk(1)
    assert session.suggestion(1) is None


def test_twenty_thousand_clips() -> None:
    session = session_of([f"{i:05}" for i in range(20_000)], ["cats"])
    requests = [file(session, "cats") for _ in range(9_999)]
    session.walk(20_000)
    session.later()
    for request in requests[::2]:
        session.moved(request)
    for request in requests[1::2]:
        session.move_failed(request)
    session.gone(ROOT / "19000")
    assert session.current == ROOT / "09999"
    assert (session.remaining, session.total) == (14_999, 19_999)
    assert session.upcoming(3) == [ROOT / "09999", ROOT / "10000", ROOT / "10001"]


UNSORTED, GONE = "(unsorted)", "(gone)"
FOLDERS = [f"folder {i}" for i in range(9)]


class Sorting(RuleBasedStateMachine):
    """Everything in any order, beside a model that knows only where each clip is and which filings are this session's."""

    @initialize(clips=st.integers(0, 5), earlier=st.lists(st.sampled_from(FOLDERS), max_size=3))
    def begin(self, clips: int, earlier: list[str]) -> None:
        names = [f"clip {i}" for i in range(clips)]
        self.session = session_of(names, FOLDERS, [(folder, f"old {i}") for i, folder in enumerate(earlier)])
        # Each clip by the path that undoing brings it to; every other old one was filed from another folder.
        self.where = dict.fromkeys((ROOT / name for name in names), UNSORTED)
        self.done: list[Filing] = []
        for i, folder in enumerate(earlier):
            source = ROOT / "folder 0" / f"old {i}" if i % 2 and folder != "folder 0" else ROOT / f"old {i}"
            self.where[source] = folder
            self.done.append(Filing(0, source, ROOT / folder / f"old {i}"))
        self.in_flight: list[FilingRequest] = []
        self.filed_now: dict[Path, str] = {}
        self.put_off: list[Path] = []
        self.names = FOLDERS
        self.generation = 0
        self.predictions: dict[Path, Prediction] = {}

    @contextmanager
    def same_screen(self) -> Iterator[None]:
        before = self.session.current
        yield
        assert before is None or self.session.current == before

    @rule(folder=st.sampled_from([*FOLDERS, "new 0", "unknown"]))
    def file(self, folder: str) -> None:
        queue, cursor = list(self.session.queue), self.session.cursor
        request = self.session.file(folder)
        if not queue or folder not in counts(self.session):
            assert request is None
            assert self.session.queue == queue
            return
        assert request == FilingRequest(queue[cursor], folder, cursor)
        self.where[request.clip] = self.filed_now[request.clip] = folder
        self.in_flight.append(request)
        assert self.session.upcoming(1) == (queue[cursor + 1 :] or queue[cursor - 1 : cursor])[:1]

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data(), succeeds=st.booleans())
    def filing_ends(self, data: st.DataObject, succeeds: bool) -> None:
        request = data.draw(st.sampled_from(self.in_flight))
        self.in_flight.remove(request)
        with self.same_screen():
            if succeeds:
                self.session.moved(request)
                self.done.append(filing_of(request))
            else:
                self.session.move_failed(request)
                self.where[request.clip] = UNSORTED
                del self.filed_now[request.clip]

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def undone(self, data: st.DataObject) -> None:
        filing = data.draw(st.sampled_from(self.done))
        self.done.remove(filing)
        to_folder = filing.source.parent != ROOT
        before = self.session.current
        self.session.undone(filing)
        assert self.session.current == (before if to_folder else filing.source)
        self.where[filing.source] = filing.source.parent.name if to_folder else UNSORTED
        self.filed_now.pop(filing.source, None)

    @rule(step=st.integers(-3, 3))
    def walk(self, step: int) -> None:
        queue, cursor = list(self.session.queue), self.session.cursor
        self.session.walk(step)
        assert self.session.queue == queue
        assert self.session.cursor == sorted((0, cursor + step, max(0, len(queue) - 1)))[1]

    @rule()
    def later(self) -> None:
        clip, following = self.session.current, self.session.upcoming(2)[1:] or self.session.queue[:1]
        self.session.later()
        assert self.session.upcoming(1) == following
        assert self.session.queue[-1:] == [clip] * bool(following)
        self.put_off += filter(None, [clip])

    @rule()
    def previous(self) -> None:
        clip, queue, cursor = self.session.current, list(self.session.queue), self.session.cursor
        while self.put_off and (self.put_off[-1] == clip or self.where[self.put_off[-1]] != UNSORTED):
            self.put_off.pop()
        expected = [self.put_off.pop()] if self.put_off else queue[max(0, cursor - 1) :][:1]
        self.session.previous()
        assert self.session.upcoming(1) == expected

    @rule(data=st.data())
    def gone(self, data: st.DataObject) -> None:
        clip = data.draw(st.sampled_from([ROOT / "never seen", *self.where]))
        before, queue, cursor = self.session.current, list(self.session.queue), self.session.cursor
        self.session.gone(clip)
        expected = (queue[cursor + 1 :] or queue[cursor - 1 : cursor])[:1] if clip == before else [before][: len(queue)]
        assert self.session.upcoming(1) == expected
        if self.where.get(clip) == UNSORTED:
            self.where[clip] = GONE

    @rule(name=st.sampled_from([*FOLDERS, "new 0", "new 1", "new 2"]))
    def add_folder(self, name: str) -> None:
        with self.same_screen():
            self.session.add_folder(name)

    @rule(data=st.data(), age=st.integers(-1, 1), folder=st.sampled_from(FOLDERS))
    def apply(self, data: st.DataObject, age: int, folder: str) -> None:
        clips = data.draw(st.sets(st.sampled_from([ROOT / "never seen", *self.where])))
        predictions = {clip: Prediction(clip, (Suggestion(folder, 0.5),)) for clip in clips}
        with self.same_screen():
            self.session.apply(self.generation + age, predictions.values())
        if age >= 0:
            self.generation += age
            self.predictions |= predictions

    @invariant()
    def every_clip_is_in_one_place(self) -> None:
        assert sorted(self.session.queue) == sorted(clip for clip in self.where if self.where[clip] == UNSORTED)
        assert self.session.busy == bool(self.in_flight)

    @invariant()
    def the_counts_are_true(self) -> None:
        places = Counter(self.where.values())
        assert counts(self.session) == {folder.name: places[folder.name] for folder in self.session.folders}
        assert self.session.filed == Counter(self.filed_now.values())
        assert self.session.remaining == places[UNSORTED]
        assert self.session.total == places[UNSORTED] + len(self.filed_now)

    @invariant()
    def there_is_a_clip_on_screen_while_there_is_one(self) -> None:
        assert 0 <= self.session.cursor < max(1, len(self.session.queue))
        assert (self.session.current is None) == (not self.session.queue)

    @invariant()
    def keys_never_shift(self) -> None:
        names = [folder.name for folder in self.session.folders]
        assert names[: len(self.names)] == self.names
        assert [folder.key for folder in self.session.folders] == [*DIGITS, None, None][: len(names)]
        self.names = names

    @invariant()
    def a_newer_model_has_the_say(self) -> None:
        assert self.session.generation == self.generation
        assert self.session.predictions == self.predictions


TestSorting = Sorting.TestCase
TestSorting.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
