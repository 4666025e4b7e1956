"""The screens: the sorting screen, and those that lie over it."""
