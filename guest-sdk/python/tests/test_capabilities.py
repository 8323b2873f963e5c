"""What a plugin reaches outside of itself, as a test plays it."""

import random as python_random
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Callable, cast

import pytest

from flowhost_sdk import Exchange, Flow, Json, NoState, Reply, Session, clock, config, http, media, random, store
from flowhost_sdk.testing import Conversation, Internal


def playing(function: Callable[[dict[str, Json]], Json], **around: Any) -> Conversation[NoState]:
    """A conversation whose screens answer with what a function makes of their form."""
    flow = Flow(NoState)
    flow.init(lambda exchange, session: Reply.close())

    @flow.submit
    def submit(exchange: Exchange[Json], session: Session[NoState]) -> Reply:
        return Reply.screen("A", {"made": function(exchange.form)})

    return Conversation(flow, **around)


def made(function: Callable[[dict[str, Json]], Json], **around: Any) -> Json:
    return playing(function, **around).submit("A").data["made"]


def test_settings_are_those_of_the_test() -> None:
    assert made(lambda _: [config.get("a"), config.get("b")], config={"a": "1"}) == ["1", None]
    with pytest.raises(Internal, match='the flow has no setting "b"'):
        made(lambda _: config.require("b"))


def test_requests_are_answered_by_the_test() -> None:
    @dataclass
    class Slot:
        time: str

    def slots(_: dict[str, Json]) -> Json:
        response = http.post("https://api.example.com/slots", json={"name": "{{secret:key}}"}, headers={"X-A": "b"})
        return [slot.time for slot in response.json(list[Slot])]

    def answer(request: http.Request) -> http.Response:
        assert (request.method, request.header("x-a"), request.header("Content-Type")) == ("POST", "b", "application/json")
        assert b"{{secret:" not in request.body and request.json() == {"name": "{{secret:key}}"}
        return http.Response(200, b'[{"time":"9:30"}]')

    assert made(slots, http=answer) == ["9:30"]
    with pytest.raises(Internal, match="the request is not granted"):
        made(slots)
    with pytest.raises(Internal, match=r'does not fit: field "\[0\].time": expected a text'):
        made(slots, http=lambda _: http.Response(200, b'[{"time":1}]'))
    with pytest.raises(Internal, match="the response's body is not JSON"):
        made(slots, http=lambda _: http.Response(200, b"<html>"))


def test_secrets_are_left_in_place_where_the_author_says_so() -> None:
    def send(_: dict[str, Json]) -> Json:
        return http.put("https://a.example", json_with_secrets={"key": "{{secret:key}}"}).text()

    assert made(send, http=lambda request: http.Response(200, request.body)) == '{"key":"{{secret:key}}"}'


def test_errors_are_caught_by_their_kind() -> None:
    def send(_: dict[str, Json]) -> Json:
        try:
            http.get("https://a.example", timeout=1.5)
        except http.Timeout:
            return "late"
        return "in time"

    def late(request: http.Request) -> http.Response:
        assert request.timeout == 1.5
        raise http.Timeout

    assert made(send, http=late) == "late"


def test_nothing_of_a_request_is_shown() -> None:
    request = http.Request("GET", "https://a.example", (("x", "Ana"),), b"Ana")
    assert "Ana" not in f"{request!r} {http.Response(200, b'Ana')!r}"


def test_files_are_given_by_the_test() -> None:
    @dataclass
    class Photos:
        photos: list[media.Reference]

    flow = Flow(NoState)
    flow.init(lambda exchange, session: Reply.close())

    @flow.submit("PHOTOS", Photos)
    def photos(exchange: Exchange[Photos], session: Session[NoState]) -> Reply:
        return Reply.screen("THANKS", {"bytes": sum(len(media.fetch(photo)) for photo in exchange.form.photos)})

    form = {"photos": [{"media_id": "1", "file_name": "a.jpg"}, {"media_id": "2"}]}
    sizes = {"1": b"x" * 10, "2": b"x"}
    assert Conversation(flow, media=lambda photo: sizes[photo.media_id or ""]).submit("PHOTOS", form).data == {"bytes": 11}
    with pytest.raises(Internal, match="media is not granted"):
        Conversation(flow).submit("PHOTOS", form)
    with pytest.raises(TypeError, match="Reference has no JSON form"):
        Reply.complete({"photo": media.Reference({"media_id": "1"})})


def test_the_store_keeps_values_until_they_expire() -> None:
    def visit(form: dict[str, Json]) -> Json:
        visits = (store.get("visits", int) or 0) + 1
        store.set("visits", visits, ttl=timedelta(milliseconds=1500))
        return visits

    chat = playing(visit)
    assert chat.submit("A").data == {"made": 1}
    chat.pass_time(timedelta(seconds=1))
    assert chat.submit("A").data == {"made": 2}
    chat.pass_time(timedelta(seconds=2))
    assert chat.submit("A").data == {"made": 1}
    chat.store.failure = store.Unavailable()
    with pytest.raises(Internal, match="Unavailable: the store does not answer"):
        chat.submit("A")


def test_only_what_did_not_change_is_replaced() -> None:
    def compare(_: dict[str, Json]) -> Json:
        first = store.compare_and_set("a", None, "one")
        assert store.compare_and_set("a", None, "two") is None
        assert store.compare_and_set("a", first, "two") is not None
        assert store.compare_and_set("a", first, "three") is None
        for key in ("b/2", "b/1", "c"):
            store.set_bytes(key, b"\xff")
        assert store.list("b/") == ["b/1", "b/2"] and store.list("", 1) == ["a"]
        found = store.bytes_of("c")
        assert found is not None and found.value == b"\xff"
        store.delete("c")
        assert store.entry("c", str) is None
        return store.get("a")

    assert made(compare) == "two"


@pytest.mark.parametrize(
    ("use", "error"),
    [
        (lambda: store.set("k" * 257, 0), store.TooLarge),
        (lambda: store.set_bytes("k", b"x" * (64 * 1024 + 1)), store.TooLarge),
        (lambda: store.set("k", object()), store.Misfit),
        (lambda: store.set(cast(str, 7), 0), TypeError),
        (lambda: store.set("\ud800", 0), ValueError),
        (lambda: store.list("", -1), ValueError),
        (lambda: config.get(cast(str, None)), TypeError),
        (lambda: http.get("\udcff"), ValueError),
        (lambda: http.post("https://a.example", json=object()), http.InvalidRequest),
    ],
)
def test_what_can_not_be_handed_over_is_an_exception(use: Callable[[], object], error: type[Exception]) -> None:
    def attempt(_: dict[str, Json]) -> Json:
        with pytest.raises(error):
            use()

    made(attempt)


def test_a_stored_value_of_another_type_names_the_field() -> None:
    def read(_: dict[str, Json]) -> Json:
        store.set("visit", {"guests": ["many"]})
        return store.get("visit", dict[str, list[int]])

    with pytest.raises(Internal, match=r"Misfit: the value of 'visit' does not fit: field \"guests\[0\]\""):
        made(read)


def test_time_stands_still_and_numbers_repeat() -> None:
    def drawn(_: dict[str, Json]) -> Json:
        return [random.id(8), random.below(100), python_random.random(), clock.now(), clock.today(timezone(timedelta(hours=14)))]

    first = made(drawn)
    assert first[3:] == ["2026-01-01T12:00:00+00:00", "2026-01-02"]
    assert first == made(drawn)
    assert first[:3] != made(drawn, seed=1)[:3]
    moment = datetime(2026, 11, 23, 9, tzinfo=timezone.utc)
    chat = playing(lambda _: clock.now(), now=moment)
    chat.pass_time(timedelta(days=1))
    assert chat.submit("A").data == {"made": "2026-11-24T09:00:00+00:00"}
