"""What each panel shows, as lines of styled text: functions of the session and of what is known, without state."""

from tiksort_tui.tui.views.clip import clip, said, suggestion
from tiksort_tui.tui.views.lists import folders, queue
from tiksort_tui.tui.views.text import MUTED, Lines, message
from tiksort_tui.tui.views.totals import finished, header, learning, remaining, session_totals

__all__ = [
    "MUTED",
    "Lines",
    "clip",
    "finished",
    "folders",
    "header",
    "learning",
    "message",
    "queue",
    "remaining",
    "said",
    "session_totals",
    "suggestion",
]
