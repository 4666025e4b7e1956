"""The sorting screen. Nothing in this process may import torch, decode a video, print, or write to descriptor 2."""

import os

# Before Textual is imported: over a slow line the parts of an escape sequence come far apart.
os.environ.setdefault("ESCDELAY", "500")
# A key's effect waits for the next drawing: at 60 a second that is 8 ms on average, and felt.
os.environ.setdefault("TEXTUAL_FPS", "120")
