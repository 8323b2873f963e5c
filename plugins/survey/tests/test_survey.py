from datetime import datetime, timezone

import pytest

from flowhost_sdk.testing import Answer, Conversation, Internal
from plugin import Answers, flow


def survey() -> Conversation[Answers]:
    return Conversation(flow, now=datetime(2026, 11, 23, 9, tzinfo=timezone.utc))


def discontent(chat: Conversation[Answers]) -> Answer:
    chat.init()
    chat.submit("RATING", {"mark": "2"})
    return chat.submit("PROBLEM", {"reasons": ["late", "price"], "story": ""})


def test_the_mark_decides_what_is_asked() -> None:
    for mark, screen in (("1", "PROBLEM"), ("3", "PROBLEM"), ("4", "PRAISE"), ("5", "PRAISE")):
        assert survey().submit("RATING", {"mark": mark}).screen == screen


def test_whoever_was_content_is_done_in_three_screens() -> None:
    chat = survey()
    chat.submit("RATING", {"mark": "5"})
    shown = chat.submit("PRAISE", {"likes": ["staff"], "may_quote": True})
    assert shown.data["summary"] == "Your mark: Very good.\nYou liked: the people."
    done = chat.submit("SUMMARY", {"confirmed": "yes"}).params
    assert (done["mark"], done["praise"], done["problem"]) == (5, {"likes": ["staff"], "may_quote": True}, None)


def test_going_back_shows_what_was_answered() -> None:
    chat = survey()
    assert discontent(chat).screen == "CONTACT"
    chat.submit("CONTACT", {"name": "Ana", "day": "2026-11-25"})

    assert chat.back("SUMMARY").data["given"] == {"name": "Ana", "day": "2026-11-25"}
    assert chat.back("CONTACT").data["given"] == {"reasons": ["late", "price"]}
    assert chat.back("PROBLEM").data["given"] == {"mark": "2"}


def test_the_same_branch_again_keeps_its_answers_and_the_other_one_forgets_them() -> None:
    chat = survey()
    discontent(chat)
    chat.back("CONTACT")
    chat.back("PROBLEM")
    assert chat.submit("RATING", {"mark": "1"}).data["given"] == {"reasons": ["late", "price"]}

    assert chat.submit("RATING", {"mark": "5"}).screen == "PRAISE"
    assert chat.state["problem"] is None
    assert chat.submit("RATING", {"mark": "1"}).data["given"] == {}


def test_something_else_has_to_be_told() -> None:
    chat = survey()
    chat.submit("RATING", {"mark": "1"})
    again = chat.submit("PROBLEM", {"reasons": ["other"], "story": ""})
    assert (again.screen, again.error) == ("PROBLEM", "Please tell us what it was.")
    assert again.data["given"] == {"reasons": ["other"]}
    assert chat.submit("PROBLEM", {"reasons": ["other"], "story": "Rain came in."}).screen == "CONTACT"


def test_nobody_is_called_today() -> None:
    chat = survey()
    discontent(chat)
    refused = chat.submit("CONTACT", {"name": "Ana", "day": "2026-11-23"})
    assert (refused.screen, refused.error) == ("CONTACT", "Please pick a day from tomorrow on.")
    assert "We call Ana on Tuesday, 24 November." in chat.submit("CONTACT", {"name": "Ana", "day": "2026-11-24"}).data["summary"]


def test_reopening_goes_on_where_the_flow_says_so() -> None:
    chat = Conversation(flow, resuming=True, config={"question": "How was the dentist?"})
    chat.submit("RATING", {"mark": "4"})
    opened = chat.init().data
    assert (opened["question"], opened["given"]) == ("How was the dentist?", {"mark": "4"})


def test_a_mark_that_was_not_offered_is_a_failure() -> None:
    with pytest.raises(Internal, match=r"ValueError: there is no such mark, at plugin.py:\d+ in mark_of <- plugin.py:\d+ in branch"):
        survey().submit("RATING", {"mark": "6"})
