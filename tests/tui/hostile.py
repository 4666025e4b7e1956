"""Names that a file can have and that trouble whoever shows, parses or compares them."""

from __future__ import annotations

import os

# As the file system holds them; what follows is the clip's suffix.
STEMS = (
    # What drives a terminal. The numbers are ones that the screen itself never sends.
    b"\x1b[77;77H", b"\x1b]0;pwned\x07", b"\x1b]52;c;cHduZWQ=\x07", b"\x1b[?77h", b"\x1bc reset", b"\x1bP+q77\x1b\\",
    b"\x1b[38;5;77mgreen", b"\x1b[6n asks", b"\x1b", b"\xc2\x9b77;77H C1", b"\xc2\x9d0;pwned\xc2\x9c",
    b"\x9b77;77H raw C1", b"bell\x07", b"back\x08\x08\x08\x08space", b"del\x7f", b"\x0e shift out",
    b"all " + bytes(range(1, 32)),
    # Lines and columns.
    b"two\nlines", b"\n", b"carriage\rreturn", b"tab\tbed", b"vertical\x0b\x0c", "next\u0085line".encode(),
    "line\u2028and\u2029paragraph".encode(),
    # What is no text, or not the one that it seems to be.
    b"caf\xe9", b"\xff\xfe\xfd", b"\xed\xa0\x80 half a pair", b"\xf0\x9f\x98 cut emoji", b"\xc0\xaf overlong",
    "\u202egnp.4pm right to left".encode(), "\u2066iso\u2069 \u200fmarks\u200e".encode(), "\ufeffmark".encode(),
    "zero\u200bwidth\u2060\u00ad".encode(), "\u3164\u115f\u1160\uffa0".encode(), "\u00a0\u2003\u3000blank".encode(),
    # Cells.
    "日本語の動画".encode() * 6, "ﾊﾟ\uff21\uff22".encode(), ("z" + "\u0310\u0489\u0336" * 30).encode(),
    "\u0301first".encode(),
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 family".encode() * 3,
    "\U0001f44d\U0001f3fd".encode() * 12, "\U0001f937\U0001f3fd\u200d\u2640\ufe0f 1\ufe0f\u20e3 \u2764\ufe0f".encode(),
    "\U0001f3fd\ufe0f\u200d".encode(), "שלום \u0645\u0631\u062d\u0628\u0627".encode(), "ส\u0e34\u0e49\u0e33".encode(),
    # What a toolkit, a shell or a formatter reads something into.
    b"[dQw4w9WgXcQ]", b"[bold red]", b"[", b"[@click=app.quit]x", b"$x \\[b] {0} {x!r}", b"%s%n%(a)d 100%",
    b"back\\slash \\x1b[2J \\n", b"'\"`$(touch pwned)`", b"; rm -rf ~ #", b"* ? [a-z] {a,b}", b"-rf", b"--help",
    # What other systems make something of.
    b"CON", b"a: b", b"trailing ", b"dot.", b" ", b"~",
    # As long as a name can be.
    b"x" * 251, "ü".encode() * 125, b"\xff" * 251, "\U0001f600".encode() * 62,
    # Twins: in case, and in the form of their accents.
    b"twin", b"TWIN", "\u00e9".encode(), "e\u0301".encode(),
)  # fmt: skip
NAMES = tuple(os.fsdecode(stem + b".mp4") for stem in STEMS)
# Folders that other programs made.
FOLDERS = tuple(
    os.fsdecode(stem)
    for stem in (b"\x1b[77;77H\n[b]", b"caf\xe9 \xff", "\u202e日本\u0301 👍🏽".encode(), b"-rf", b"y" * 255, b"CON: .")
)
