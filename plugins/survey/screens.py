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


@_dataclass(slots=True, kw_only=True)
class RatingGiven:
    """An object `given` of the screen's data."""

    mark: str | None = _field(default=None, metadata=_sdk.left_out)
    """`mark`"""


@_dataclass(slots=True, kw_only=True)
class Rating(_sdk.Screen):
    """Screen `RATING`: Your visit."""

    ID: _ClassVar[str] = "RATING"
    question: str
    """`question`, for example `'How was your visit on Mon Nov 23?'`"""
    marks: list[Item]
    """`marks`, for example `[{'id':'5','title':'Very good'}]`"""
    given: RatingGiven
    """`given`, for example `{}`"""


@_dataclass(slots=True, kw_only=True)
class RatingForm(_sdk.Form):
    """The form of screen `RATING`: what its `data_exchange` actions send."""

    SCREEN: _ClassVar[str] = "RATING"
    mark: str
    """`${form.mark}`"""


@_dataclass(slots=True, kw_only=True)
class ProblemGiven:
    """An object `given` of the screen's data."""

    reasons: list[str] | None = _field(default=None, metadata=_sdk.left_out)
    """`reasons`"""
    story: str | None = _field(default=None, metadata=_sdk.left_out)
    """`story`"""


@_dataclass(slots=True, kw_only=True)
class Problem(_sdk.Screen):
    """Screen `PROBLEM`: What went wrong?."""

    ID: _ClassVar[str] = "PROBLEM"
    reasons: list[Item]
    """`reasons`, for example `[{'id':'late','title':'I had to wait'}]`"""
    given: ProblemGiven
    """`given`, for example `{}`"""


@_dataclass(slots=True, kw_only=True)
class ProblemForm(_sdk.Form):
    """The form of screen `PROBLEM`: what its `data_exchange` actions send."""

    SCREEN: _ClassVar[str] = "PROBLEM"
    reasons: list[str]
    """`${form.reasons}`"""
    story: str | None
    """`${form.story}`"""


@_dataclass(slots=True, kw_only=True)
class PraiseGiven:
    """An object `given` of the screen's data."""

    likes: list[str] | None = _field(default=None, metadata=_sdk.left_out)
    """`likes`"""
    may_quote: bool | None = _field(default=None, metadata=_sdk.left_out)
    """`may_quote`"""


@_dataclass(slots=True, kw_only=True)
class Praise(_sdk.Screen):
    """Screen `PRAISE`: What did you like?."""

    ID: _ClassVar[str] = "PRAISE"
    likes: list[Item]
    """`likes`, for example `[{'id':'staff','title':'The people'}]`"""
    given: PraiseGiven
    """`given`, for example `{}`"""


@_dataclass(slots=True, kw_only=True)
class PraiseForm(_sdk.Form):
    """The form of screen `PRAISE`: what its `data_exchange` actions send."""

    SCREEN: _ClassVar[str] = "PRAISE"
    likes: list[str]
    """`${form.likes}`"""
    may_quote: bool
    """`${form.may_quote}`"""


@_dataclass(slots=True, kw_only=True)
class ContactGiven:
    """An object `given` of the screen's data."""

    name: str | None = _field(default=None, metadata=_sdk.left_out)
    """`name`"""
    day: str | None = _field(default=None, metadata=_sdk.left_out)
    """`day`"""


@_dataclass(slots=True, kw_only=True)
class Contact(_sdk.Screen):
    """Screen `CONTACT`: May we call you?."""

    ID: _ClassVar[str] = "CONTACT"
    earliest: str
    """`earliest`, for example `'2026-11-24'`"""
    given: ContactGiven
    """`given`, for example `{}`"""


@_dataclass(slots=True, kw_only=True)
class ContactForm(_sdk.Form):
    """The form of screen `CONTACT`: what its `data_exchange` actions send."""

    SCREEN: _ClassVar[str] = "CONTACT"
    name: str
    """`${form.name}`"""
    day: _datetime.date | None
    """`${form.day}`"""


@_dataclass(slots=True, kw_only=True)
class Summary(_sdk.Screen):
    """Screen `SUMMARY`: Is this right?."""

    ID: _ClassVar[str] = "SUMMARY"
    summary: str
    """`summary`, for example `'Very good. You liked: the people.'`"""


@_dataclass(slots=True, kw_only=True)
class SummaryForm(_sdk.Form):
    """The form of screen `SUMMARY`: what its `data_exchange` actions send."""

    SCREEN: _ClassVar[str] = "SUMMARY"
    confirmed: str
    """`yes`"""


FORMS = (RatingForm, ProblemForm, PraiseForm, ContactForm, SummaryForm)
"""All forms: the plugin has to answer each."""
