"""The line at the bottom: answers to keys come before news, and no news are lost for that."""

import pytest

from tiksort_tui.tui.message import ANSWER_SECONDS, Message


@pytest.fixture
def message():
    return Message(lambda text, seconds: None)


def test_news_wait_until_the_answer_has_been_read(message):
    message.say("Filed a in cats", False, now=10.0)
    message.tell("b does not play", "b", now=10.1)
    assert not message.go_on(10.0 + ANSWER_SECONDS - 0.1)
    assert (message.text, message.trouble) == ("Filed a in cats", False)
    assert message.go_on(10.0 + ANSWER_SECONDS)
    assert (message.text, message.trouble) == ("b does not play", True)
    assert not message.go_on(20.0)


def test_an_answer_that_comes_after_news_is_shown_at_once_and_the_news_after_it(message):
    message.tell("b does not play", "b", now=10.0)
    assert message.text == "b does not play"
    message.say("Filed a in cats", False, now=10.1)
    assert message.text == "Filed a in cats"
    assert message.go_on(10.1 + ANSWER_SECONDS)
    assert message.text == "b does not play"


def test_the_next_key_clears_what_was_read_and_makes_way_for_what_waits(message):
    message.say("Filed a in cats", False, now=10.0)
    message.tell("the engine ended", "", now=10.1)
    message.take_back(None)
    assert message.text == ""
    assert message.go_on(10.2)
    assert message.text == "the engine ended"
    message.take_back(None)
    assert not message.go_on(30.0)


@pytest.mark.parametrize("answered", [False, True])
def test_news_that_hold_no_longer_are_not_told(message, answered):
    if answered:
        message.say("Filed a in cats", False, now=10.0)
    message.tell("mpv is gone", "player", now=10.1)
    message.take_back("another")
    message.take_back("player")
    assert message.text == ("Filed a in cats" if answered else "")
    assert not message.go_on(30.0)


def test_later_news_take_the_place_of_earlier_ones(message):
    message.tell("a: cut short", "a", now=10.0)
    message.tell("b: cut short", "b", now=10.0)
    assert message.text == "b: cut short"
