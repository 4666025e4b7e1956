"""What the sorting screen shows at one moment, and the lines of each of its panels made from that. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.geometry import Region

from tiksort_tui.domain import LastAction, visible
from tiksort_tui.player.events import Playback
from tiksort_tui.session import Session
from tiksort_tui.tui import views
from tiksort_tui.tui.details import Details
from tiksort_tui.tui.geometry import SMALLEST_HEIGHT, SMALLEST_WIDTH
from tiksort_tui.tui.keymap import OF_CLIP, OF_PLAYER, OF_QUEUE, OF_UNSORTED, Keymap
from tiksort_tui.tui.progress import Progress
from tiksort_tui.tui.selection import count_alike

TAKES = ("take_1", "take_2", "take_3")
# What the player says of itself where there is none, and what to do about it.
NO_PLAYERS = {
    "no mpv": "`tiksort-tui doctor` says how to get it",
    "mpv closed": "{window} brings it back",
    "no player": "--player none has it so",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that is shown. `details` is None until the clip's file was looked at; times are in seconds.

    `taken` counts the filings by each of TAKES, `last` is what can be taken back next, `flashed` the folder that a clip
    has just gone into, `pace` is what a filing takes, if that is known, and `panels` are the places of those that have
    room.
    """

    root: str
    remark: str
    session: Session
    progress: Progress
    playback: Playback | None
    player: str
    notices: Sequence[str]
    keymap: Keymap
    details: Details | None
    taken: Mapping[str, int]
    last: LastAction | None
    flashed: str | None
    message: str
    message_style: str
    panels: Mapping[str, Region]
    now: float
    pace: float | None

    def lines(self, panel: str, width: int, height: int) -> views.Lines:
        """What `panel` shows in `width` by `height` cells."""
        session, progress = self.session, self.progress
        details = self.details or Details()
        match panel:
            case "header":
                told = "learning" in self.panels
                return [views.header(self.root, self.remark, progress, self.player, self.now, width, told)]
            case "top_rule" | "bottom_rule":
                return [Content("─" * width)]
            case "folders":
                return views.folders(session, self.flashed, self._key, width, height)
            case "session":
                taken = [(self._key(take), self.taken.get(take, 0)) for take in TAKES]
                return views.session_totals(session, taken, self.last, self.pace, self._key, width)
            case "clip":
                return views.clip(session, details.info, details.size, self.playback, width)
            case "strip" if self.details is None:
                return []
            case "strip":
                gone = details.size is None
                return views.instead_of_pictures(
                    session, progress, self.player, self.notices, gone, self._key, width, height
                )
            case "words":
                note = details.info.note if details.info else None
                return views.words(details.caption, details.transcript, note, width, height)
            case "suggestion":
                takes = [self._key(take) for take in TAKES]
                where = "strip" if session.current in session.failures else "learning"
                tall, elsewhere = height > len(takes), where in self.panels
                return views.suggestion(session, progress, takes, self._alike(), elsewhere, self._key, width, tall)
            case "alike":
                return views.alike(session, width, height)
            case "queue" if not session.remaining:
                return views.finished(session, self.pace, self._key, width, height)
            case "queue":
                return views.queue(session, progress, self._key, width, height)
            case "progress":
                return views.remaining(session, self.pace, width)
            case "learning":
                return views.learning(progress, self.now, self._key, width, height)
            case "keys":
                return [Content.styled(" " + self.keymap.hints(width - 1, self._idle()), views.MUTED)]
            case "small":
                return views.small((SMALLEST_WIDTH, SMALLEST_HEIGHT), width)
            case _:
                return [self._message(width)]

    def _idle(self) -> set[str]:
        """The commands that do nothing now."""
        session = self.session
        return {
            *(OF_CLIP if session.current is None else ()),
            *(OF_QUEUE if not session.queue else ()),
            *(OF_UNSORTED if not session.remaining else ()),
            *(OF_PLAYER if self.player in NO_PLAYERS else ()),
        }

    def _alike(self) -> str:
        count = count_alike(self.session)
        return f"{self._key('alike')} files {count} alike" if count else ""

    def _message(self, width: int) -> Content:
        if not self.message and self.notices and not self._is_told_first(self.notices[-1]):
            return Content.styled(" " + views.notice(self.notices[-1], self._key("help"), width - 2), "$warning")
        if not self.message and "bottom_rule" not in self.panels:
            # There the suggestion has no line to spare.
            return Content.styled(f" {views.message(self._alike(), width - 1)}", views.MUTED)
        return Content.styled(" " + views.message(self.message, width - 1), self.message_style)

    @property
    def keeps_notice(self) -> bool:
        """Whether the line at the bottom stays, since a notice stands there or not as the clip has pictures or not."""
        looking = self.details is None and self.session.current is not None
        return looking and bool(self.notices) and not self.message

    def _is_told_first(self, notice: str) -> bool:
        """Whether the first start's words hold `notice` in the place of the pictures: it need not be told twice."""
        place = self.panels.get("strip")
        if place is None or (self.details and self.details.strip):
            return False
        session, progress = self.session, self.progress
        lines = views.first_words(
            session, progress, self.player, self.notices, self._key, place.width, place.height
        )
        return visible(notice) in " ".join(line.plain for line in lines)

    def _key(self, command: str) -> str:
        return self.keymap.key(command).replace("Shift+", "S-")
