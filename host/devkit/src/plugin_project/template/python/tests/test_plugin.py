from flowhost_sdk.testing import Conversation
from plugin import flow


def test_a_name_of_spaces_is_none() -> None:
    chat = Conversation(flow)
    chat.init()

    answer = chat.submit("QUESTION", {"topic": "other", "name": "  ", "question": "Why?"})

    assert answer.error == "Please tell us your name."
