"""What is said of files that were moved and folders that were renamed."""

from __future__ import annotations

from tiksort_tui.domain import Filing, FolderRename, visible
from tiksort_tui.tui.views.text import TRASH, called


def filed(filing: Filing) -> str:
    name, where = visible(filing.source.name), _where(filing)
    other_name = "" if filing.target.name == filing.source.name else f" as {visible(filing.target.name)}"
    return (f"Put {name} in {TRASH}" if where == TRASH else f"Filed {name} in {where}") + other_name


def duplicate(folder: str) -> str:
    return f"Not filed: {called(folder)} has the same clip"


def taken_back(filing: Filing) -> str:
    return f"Took {visible(filing.source.name)} back from {_where(filing)}"


def renamed(rename: FolderRename) -> str:
    return f"{visible(rename.old)} is called {visible(rename.new)}"


def named_back(rename: FolderRename) -> str:
    return f"{visible(rename.new)} is called {visible(rename.old)} again"


def _where(filing: Filing) -> str:
    return called(filing.target.parent.name)
