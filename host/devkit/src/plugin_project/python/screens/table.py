"""The screens of `flow.json` as types.

`flowhost plugin build` writes this file. Change `flow.json` instead.
"""

# ruff: noqa

from __future__ import annotations

import builtins as _builtins
import datetime as _datetime
from dataclasses import KW_ONLY as _KW_ONLY
from dataclasses import dataclass as _dataclass
from dataclasses import field as _field
from typing import ClassVar as _ClassVar

import flowhost_sdk as _sdk


@_dataclass(slots=True)
class Item:
    """An entry of a list to choose from: `Item("2", "Two of us")`. What a list's entries don't have stays none."""

    id: str
    """`id`"""
    title: str
    """`title`"""
    _: _KW_ONLY
    enabled: bool | None = _field(default=None, metadata=_sdk.left_out)
    """`enabled`"""


@_dataclass(slots=True, kw_only=True)
class TableChosen:
    """An object `chosen` of the screen's data."""

    wishes: str | None = _field(default=None, metadata=_sdk.left_out)
    """`wishes`"""


@_dataclass(slots=True, kw_only=True)
class Table(_sdk.Screen):
    """Screen `TABLE`: Your table."""

    ID: _ClassVar[str] = "TABLE"
    sizes: list[Item]
    """`sizes`"""
    type: _sdk.Number
    """`type`, for example `2`"""
    chosen: TableChosen
    """`chosen`"""


@_dataclass(slots=True, kw_only=True)
class TableForm(_sdk.Form):
    """The form of screen `TABLE`: what its `data_exchange` actions send."""

    SCREEN: _ClassVar[str] = "TABLE"
    day: _datetime.date
    """`${form.day}`"""
    my_wishes: str | None = _field(metadata=_sdk.named("my-wishes"))
    """`${form.wishes}`"""
    photos: list[_sdk.media.Reference]
    """`${form.photos}`"""


@_dataclass(slots=True, kw_only=True)
class Form(_sdk.Screen):
    """Screen `FORM`: The end."""

    ID: _ClassVar[str] = "FORM"


FORMS = (TableForm,)
"""All forms: the plugin has to answer each."""
