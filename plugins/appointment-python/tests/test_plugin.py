import re
from typing import Any

from contact import is_email, is_phone
from flowhost_sdk.testing import Conversation
from plugin import Booking, flow

APPOINTMENT = {"department": "dental", "location": "river", "date": "2026-11-23", "time": "10:30"}
DETAILS = {"name": " Ana Silva ", "email": "ana@example.com", "phone": "+55 11 91234-5678", "more_details": ""}


def start() -> Conversation[Booking]:
    """On a Saturday."""
    return Conversation(flow, context={"today": "2026-11-21"})


def test_from_the_first_screen_to_the_booking() -> None:
    chat = start()
    assert chat.init().screen == "APPOINTMENT"
    assert chat.submit("APPOINTMENT", APPOINTMENT).screen == "DETAILS"
    summary = chat.submit("DETAILS", DETAILS)
    assert summary.data["details"] == "Ana Silva\nana@example.com\n+55 11 91234-5678"

    params: dict[str, Any] = chat.submit("SUMMARY", {"terms": True}).params

    assert re.fullmatch("A-[0-9A-F]{8}", params["booking"])
    words = "Dental care at Riverside clinic, Mon Nov 23 2026, 10:30"
    assert [(line.level, line.message) for line in chat.log] == [("info", f"booked {params['booking']}: {words}")]


def test_going_back_shows_what_was_entered() -> None:
    chat = start()
    chat.submit("APPOINTMENT", APPOINTMENT)
    chat.submit("DETAILS", DETAILS)

    assert chat.back("SUMMARY").data["chosen"]["name"] == "Ana Silva"
    assert chat.back("DETAILS").data["chosen"] == APPOINTMENT


def test_email_addresses_and_phone_numbers() -> None:
    for good in ("ana@example.com", "a.b+c@mail.example.co"):
        assert is_email(good), good
    for bad in ("", "ana", "ana@", "@example.com", "ana@example", "ana@.com", "ana@example.", "a@b@c.de", "a na@x.de"):
        assert not is_email(bad), bad
    for good in ("+55 11 91234-5678", "(020) 7946 0000", "1234567"):
        assert is_phone(good), good
    for bad in ("", "+", "123456", "1234567890123456", "call me", "12345678x", "++1234567", "1234567\n"):
        assert not is_phone(bad), bad
