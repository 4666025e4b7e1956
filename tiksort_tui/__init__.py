"""tiksort-tui files short videos into the user's own folders from the keyboard."""

__version__ = "0.1.0"
