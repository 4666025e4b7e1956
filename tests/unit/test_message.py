"""The line at the bottom: answers to keys come before news, and no news are lost for that."""

import pytest

from tiksort_tui.tui.message import ANSWER_SECONDS, NEWS_SECONDS, Message


@pytest.fixture
def message():
    return Message(lambda text, seconds: None)


def test_news_wait_until_the_answer_has_been_read(message):
    message.say("Filed a in cats", False, now=10.0)
    message.tell("b does not play", True, "b", now=10.1)
    assert not message.go_on(10.0 + ANSWER_SECONDS - 0.1)
    assert (message.text, message.trouble) == ("Filed a in cats", False)
    assert message.go_on(10.0 + ANSWER_SECONDS)
    assert (message.text, message.trouble) == ("b does not play", True)
    assert not message.go_on(20.0)


def test_an_answer_that_comes_after_news_is_shown_at_once_and_the_news_after_it(message):
    message.tell("b does not play", True, "b", now=10.0)
    assert message.text == "b does not play"
    message.say("Filed a in cats", False, now=10.1)
    assert message.text == "Filed a in cats"
    assert message.go_on(10.1 + ANSWER_SECONDS)
    assert message.text == "b does not play"


def test_news_wait_for_a_pause_between_keys_and_do_not_flash_at_each(message):
    for second in (0, 1, 2, 3):
        message.say(f"Filed {second}", False, now=10.0 + second)
        message.tell("the engine ended", True, "", now=10.1 + second)
        assert message.text == f"Filed {second}"
        message.clear(now=10.9 + second)
        assert not message.go_on(10.95 + second)
    assert message.go_on(13.0 + ANSWER_SECONDS)
    assert message.text == "the engine ended"


def test_news_that_a_key_cleared_before_they_were_read_come_again(message):
    message.tell("the engine ended", True, "", now=10.0)
    message.clear(now=10.2)
    assert message.text == ""
    assert not message.go_on(10.3)
    assert message.go_on(10.2 + NEWS_SECONDS)
    assert message.text == "the engine ended"
    message.clear(now=10.2 + 2 * NEWS_SECONDS)
    assert not message.go_on(30.0)


def test_what_came_by_itself_need_not_be_trouble(message):
    message.tell("this screen files from now on", False, "", now=10.0)
    assert (message.text, message.trouble) == ("this screen files from now on", False)


@pytest.mark.parametrize("answered", [False, True])
def test_news_that_hold_no_longer_are_not_told(message, answered):
    if answered:
        message.say("Filed a in cats", False, now=10.0)
    message.tell("mpv is gone", True, "player", now=10.1)
    message.take_back("another")
    message.take_back("player")
    assert message.text == ("Filed a in cats" if answered else "")
    assert not message.go_on(30.0)


def test_later_news_take_the_place_of_earlier_ones(message):
    message.tell("a: cut short", True, "a", now=10.0)
    message.tell("b: cut short", True, "b", now=10.0)
    assert message.text == "b: cut short"
