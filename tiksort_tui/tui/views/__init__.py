"""What each panel shows, as lines of styled text: functions of the session and of what is known, without state."""

from tiksort_tui.tui.views.clip import alike, clip, suggestion, words
from tiksort_tui.tui.views.lists import folders, queue
from tiksort_tui.tui.views.start import first_words, instead_of_pictures
from tiksort_tui.tui.views.text import MUTED, Lines, message, notice, wrap
from tiksort_tui.tui.views.totals import finished, header, learning, remaining, session_totals, small

__all__ = [
    "MUTED",
    "Lines",
    "alike",
    "clip",
    "finished",
    "first_words",
    "folders",
    "header",
    "instead_of_pictures",
    "learning",
    "message",
    "notice",
    "queue",
    "remaining",
    "session_totals",
    "small",
    "suggestion",
    "words",
    "wrap",
]
