"""The handler that languages are compared with: it reads twenty slots, and shows those that are free."""

import json
from dataclasses import dataclass

from flowhost_sdk import Exchange, Flow, Json, NoState, Reply, Session, config, log, store

from slots import SLOTS


@dataclass
class Item:
    """As a list of the flow takes it."""

    id: str
    title: str


flow = Flow(NoState)


@flow.init
def init(exchange: Exchange[Json], session: Session[NoState]) -> Reply:
    """Shows the slots."""
    return free_slots()


@flow.submit
def submit(exchange: Exchange[Json], session: Session[NoState]) -> Reply:
    """Waits for the host first, which tells how much memory a call takes that is under way."""
    store.get("wait")
    return free_slots()


def free_slots() -> Reply:
    """The screen with what is free."""
    slots = json.loads(SLOTS)
    free = [Item(slot["id"], f"{slot['day']}, {slot['time']}") for slot in slots if slot["free"]]
    log.info("%s slots are free", len(free))
    heading = config.get("heading") or "Free slots"
    return Reply.screen("APPOINTMENT", {"heading": heading, "slots": free})
