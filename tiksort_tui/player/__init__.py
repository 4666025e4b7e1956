"""The mpv window that plays the clip: one protocol, three ways to get one. See `player.Player`.

Kept empty: the child process imports it on its way to `host`.
"""
