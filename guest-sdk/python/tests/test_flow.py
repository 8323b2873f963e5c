"""Which function answers what, and what a flow has to have."""

import logging
from dataclasses import dataclass
from datetime import date
from typing import TypedDict

import pytest

import screens
from flowhost_sdk import (
    BadRequest,
    ClientError,
    Exchange,
    Flow,
    Json,
    NoState,
    Reply,
    Session,
    log,
)
from flowhost_sdk.testing import Conversation, Internal, LogLine, TokenRefused, TooLarge


@dataclass
class Booking:
    guests: str = ""
    day: date | None = None


def booking() -> Flow[Booking]:
    flow = Flow(Booking)

    @flow.init
    def open_flow(exchange: Exchange[Json], session: Session[Booking]) -> Reply:
        return Reply.show(table())

    @flow.submit(screens.TableForm)
    def on_table(exchange: Exchange[screens.TableForm], session: Session[Booking]) -> Reply:
        form = exchange.form
        if form.day.weekday() > 4:
            return Reply.show(table(), error="We are closed on weekends.")
        session.state.guests, session.state.day = form.guests, form.day
        return Reply.show(screens.Confirm(summary=f"For {form.guests} on {form.day}", price=20.0))

    @flow.submit(screens.ConfirmForm)
    def on_confirm(exchange: Exchange[screens.ConfirmForm], session: Session[Booking]) -> Reply:
        if not exchange.form.terms:
            raise BadRequest("Please agree to the terms.")
        return Reply.complete({"booking": session.state})

    @flow.back(screens.Confirm)
    def from_confirm(exchange: Exchange[Json], session: Session[Booking]) -> Reply:
        return Reply.show(table())

    return flow


def table() -> screens.Table:
    return screens.Table(sizes=[screens.Item("2", "Two of us")], earliest="2026-11-23")


def test_a_conversation_from_end_to_end() -> None:
    chat = Conversation(booking())
    assert chat.state is None
    assert chat.init().data == {"sizes": [{"id": "2", "title": "Two of us"}], "earliest": "2026-11-23"}

    sunday = {"guests": "2", "day": "2026-11-29", "wishes": "", "photos": []}
    assert chat.submit("TABLE", sunday).error == "We are closed on weekends."
    monday = sunday | {"day": "2026-11-30"}
    assert chat.submit("TABLE", monday).data == {"summary": "For 2 on 2026-11-30", "price": 20}
    assert chat.state == {"guests": "2", "day": "2026-11-30"}
    assert chat.back("CONFIRM").screen == "TABLE"

    again = chat.submit("CONFIRM", {})
    assert (again.screen, again.error) == ("CONFIRM", "Please agree to the terms.")
    done = chat.submit("CONFIRM", {"terms": True})
    assert done.params == {"booking": {"guests": "2", "day": "2026-11-30"}, "flow_token": "test-token"}
    with pytest.raises(TokenRefused):
        chat.init()


def test_a_form_that_does_not_fit_names_the_field() -> None:
    chat = Conversation(booking())
    with pytest.raises(Internal, match='the data of screen "TABLE" does not fit: field "guests": expected a text, but it is missing'):
        chat.submit("TABLE", {"day": "2026-11-30"})


def test_each_form_of_the_flow_json_has_to_have_a_function() -> None:
    flow = Flow(NoState)
    flow.init(lambda exchange, session: Reply.close())
    flow.submit(screens.TableForm)(lambda exchange, session: Reply.close())

    with pytest.raises(TypeError, match=r"1 of the forms of the Flow JSON: write `@flow.submit\(screens.ConfirmForm\)`"):
        Conversation(flow)
    flow.submit(lambda exchange, session: Reply.close())
    Conversation(flow)


def test_what_is_missing_is_said() -> None:
    flow = Flow(NoState)
    with pytest.raises(TypeError, match="@flow.init"):
        Conversation(flow)
    flow.init(lambda exchange, session: Reply.close())
    with pytest.raises(TypeError, match="@flow.submit"):
        Conversation(flow)
    flow.submit("A")(lambda exchange, session: Reply.close())
    chat = Conversation(flow)
    with pytest.raises(Internal, match='no @flow.submit for screen "B", but for: A'):
        chat.submit("B")
    with pytest.raises(Internal, match='went back from screen "A", which has refresh_on_back, but the plugin has no @flow.back'):
        chat.back("A")


def test_a_function_for_the_same_thing_twice_is_refused_with_both_places() -> None:
    flow = booking()
    with pytest.raises(TypeError, match=r"twice: at test_flow.py:\d+ and at test_flow.py:\d+"):
        flow.init(lambda exchange, session: Reply.close())
    with pytest.raises(TypeError, match="@flow.submit for TABLE is there twice"):
        flow.submit("TABLE")(lambda exchange, session: Reply.close())
    with pytest.raises(TypeError, match="@flow.back for CONFIRM is there twice"):
        flow.back("CONFIRM")(lambda exchange, session: Reply.close())


def test_a_state_begins_without_arguments() -> None:
    @dataclass
    class Incomplete:
        guests: int

    with pytest.raises(TypeError, match="Incomplete can't be a plugin's state"):
        Flow(Incomplete)
    with pytest.raises(TypeError, match="bytes can't be a plugin's state"):
        Flow(bytes)


class Order(TypedDict, total=False):
    items: list[str]


def test_a_state_may_be_a_typed_dict_and_a_form_a_type_of_the_authors() -> None:
    @dataclass
    class Item:
        name: str

    flow = Flow(Order)

    @flow.init
    def open_flow(exchange: Exchange[Json], session: Session[Order]) -> Reply:
        return Reply.screen("ITEM", {"count": session.exchanges})

    @flow.submit("ITEM", Item)
    def item(exchange: Exchange[Item], session: Session[Order]) -> Reply:
        session.state.setdefault("items", []).append(exchange.form.name)
        return Reply.screen("ITEM", {"count": session.exchanges})

    chat = Conversation(flow)
    assert chat.init().data == {"count": 0}
    chat.submit("ITEM", {"name": "a"})
    assert chat.submit("ITEM", {"name": "b"}).data == {"count": 2}
    assert chat.state == {"items": ["a", "b"]}
    chat.state = {"items": "x"}
    with pytest.raises(Internal, match="the session's state does not fit"):
        chat.submit("ITEM", {"name": "c"})


def test_shared_tokens_remember_nothing_and_reopening_begins_afresh() -> None:
    shared = Conversation(booking(), shared_token=True)
    monday = {"guests": "2", "day": "2026-11-30"}
    shared.submit("TABLE", monday)
    assert shared.state is None

    for resuming, kept in ((False, {"guests": "", "day": None}), (True, {"guests": "2", "day": "2026-11-30"})):
        chat = Conversation(booking(), resuming=resuming)
        chat.submit("TABLE", monday)
        chat.init()
        assert chat.state == kept


def test_a_failed_call_changes_nothing() -> None:
    flow = Flow(Order)

    @flow.init
    def open_flow(exchange: Exchange[Json], session: Session[Order]) -> Reply:
        session.state["items"] = ["a"]
        raise ValueError("no items")

    @flow.submit
    def other(exchange: Exchange[Json], session: Session[Order]) -> Reply:
        return Reply.screen("A", {"x": "x" * (int(exchange.form["kib"]) << 10)})

    chat = Conversation(flow)
    with pytest.raises(Internal, match=r"^ValueError: no items, at test_flow.py:\d+ in open_flow$"):
        chat.init()
    assert chat.state is None
    with pytest.raises(TooLarge, match="the host takes 262144"):
        chat.submit("A", {"kib": 256})
    with pytest.raises(Internal, match="BadRequest"):
        bad = Flow(NoState)
        bad.submit(lambda exchange, session: Reply.close())

        @bad.init
        def refuse(exchange: Exchange[Json], session: Session[NoState]) -> Reply:
            raise BadRequest("no")

        Conversation(bad).init()


def test_what_is_returned_has_to_be_a_reply() -> None:
    flow = Flow(NoState)
    flow.submit(lambda exchange, session: Reply.close())

    @flow.init
    def forgets(exchange: Exchange[Json], session: Session[NoState]) -> Reply:  # type: ignore[empty-body]
        pass

    with pytest.raises(Internal, match=r"the function at test_flow.py:\d+ returned NoneType, not a Reply"):
        Conversation(flow).init()


def test_replies_are_checked_where_they_are_made() -> None:
    with pytest.raises(TypeError, match='the data of screen "A" must be a JSON object, but is an array'):
        Reply.screen("A", [1])
    with pytest.raises(TypeError, match="can't be written as JSON: object has no JSON form"):
        Reply.complete({"x": object()})
    with pytest.raises(TypeError, match="takes a screen of screens.py, not dict"):
        Reply.show({})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="is a text, not int"):
        Reply.reject_token(7)  # type: ignore[arg-type]


def test_what_a_client_reports_is_logged_in_the_words_of_all_sdks() -> None:
    flow = Flow(NoState)
    flow.init(lambda exchange, session: Reply.close())
    flow.submit(lambda exchange, session: Reply.close())
    chat = Conversation(flow)

    chat.client_error("START", 'a "new" key', "100 % of '%s'")

    assert chat.log == [LogLine("error", 'the client reports "a \\"new\\" key" on screen "START": 100 % of \'%s\'')]


def test_megabytes_of_a_line_are_not_handed_to_the_host() -> None:
    flow = Flow(NoState)
    flow.submit(lambda exchange, session: Reply.reject_token("over"))

    @flow.init
    def logs(exchange: Exchange[Json], session: Session[NoState]) -> Reply:
        log.info("x" * 10_000_000)
        logging.getLogger("shop").warning("%s", "x" * 10_000_000)
        return Reply.reject_token("over")

    chat = Conversation(flow)
    chat.init()
    # Enough for the host to see that it has to cut.
    assert all(4096 < len(said.message) < 10_000 for said in chat.log) and len(chat.log) == 2


def test_lines_reach_the_log_with_their_level() -> None:
    flow = Flow(NoState)
    flow.submit(lambda exchange, session: Reply.reject_token("over"))

    @flow.init
    def logs(exchange: Exchange[Json], session: Session[NoState]) -> Reply:
        log.trace("traced")
        log.info("%d places", 3)
        logging.getLogger("shop").warning("low on %s", "tea")
        logging.debug("not shown")
        try:
            raise KeyError("tea")
        except KeyError:
            logging.exception("no tea")
        return Reply.close()

    @flow.client_error
    def on_error(error: ClientError) -> None:
        log.warn("%s on %s", error.key, error.screen)

    chat = Conversation(flow)
    assert chat.init().closed
    assert chat.log[:3] == [LogLine("trace", "traced"), LogLine("info", "3 places"), LogLine("warn", "low on tea")]
    assert chat.log[3].level == "error" and chat.log[3].message.startswith("no tea: KeyError: 'tea', at test_flow.py:")
    assert len(chat.log) == 4

    other = Conversation(flow)
    other.client_error("A", "invalid-screen-transition", "no way")
    assert other.log == [LogLine("warn", "invalid-screen-transition on A")]
    assert other.submit("A").rejected == "over"
    with pytest.raises(TokenRefused, match="over"):
        other.init()
