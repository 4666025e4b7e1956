"""Full collections come when they hinder nobody, and do come. In a process of its own, whose memory is nobody's."""

import subprocess
import sys

import pytest

CYCLES = """
import gc
from tiksort_tui.tui.garbage import DUE, collect_if_due, kept

collections = []
gc.callbacks.append(lambda phase, told: phase == "stop" and told["generation"] == 2 and collections.append(told))


class Cycle:
    def __init__(self):
        self.own = self


def make(count):
    # The youngest generation is looked through every 700 objects, the next one every eleven times that.
    for _ in range(count * 700 * 11):
        Cycle()


"""


def told_by(code):
    done = subprocess.run([sys.executable, "-c", CYCLES + code], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="there collections are incremental")
def test_full_collections_wait_for_the_moment_when_they_are_due():
    code = """
with kept():
    pass
frozen = gc.get_freeze_count()
collections.clear()
make(DUE // 2)
collect_if_due()
print(len(collections))
make(2 * DUE)
print(len(collections), gc.isenabled())
collect_if_due()
print(len(collections))
collect_if_due()
print(len(collections))
make(120)
# Whatever is frozen later is never garbage, and a session may last for hours.
print(len(collections) > 1, gc.get_freeze_count() == frozen)
"""
    assert told_by(code) == ["0", "0", "True", "1", "1", "True", "True"]


def test_elsewhere_python_collects_as_ever():
    code = """
make(3 * DUE)
before = len(collections)
collect_if_due()
print(before > 0, len(collections) == before)
"""
    assert told_by(code) == ["True", "True"]


def test_collections_go_on_after_an_error():
    code = """
try:
    with kept():
        raise ValueError
except ValueError:
    print(gc.isenabled())
"""
    assert told_by(code) == ["True"]
