"""What `flowhost plugin build` generates, written by hand for these tests."""

from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

from flowhost_sdk import Form, Number, Screen, media, named


@dataclass(slots=True, kw_only=True)
class Table(Screen):
    ID: ClassVar[str] = "TABLE"
    sizes: list["Item"]
    earliest: str
    alt_text: str | None = field(default=None, metadata=named("alt-text", optional=True))


@dataclass(slots=True, kw_only=True)
class TableForm(Form):
    SCREEN: ClassVar[str] = "TABLE"
    guests: str
    day: date
    wishes: str | None
    photos: list[media.Reference]


@dataclass(slots=True, kw_only=True)
class Confirm(Screen):
    ID: ClassVar[str] = "CONFIRM"
    summary: str
    price: Number


@dataclass(slots=True, kw_only=True)
class ConfirmForm(Form):
    SCREEN: ClassVar[str] = "CONFIRM"
    terms: bool


@dataclass(slots=True)
class Item:
    id: str
    title: str


FORMS = (TableForm, ConfirmForm)
