"""`python -m tiksort_tui`."""

from tiksort_tui.cli import main

main()
