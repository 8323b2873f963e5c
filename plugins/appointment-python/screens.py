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
class AppointmentChosen:
    """An object `chosen` of the screen's data."""

    department: str | None = _field(default=None, metadata=_sdk.left_out)
    """`department`"""
    location: str | None = _field(default=None, metadata=_sdk.left_out)
    """`location`"""
    date: str | None = _field(default=None, metadata=_sdk.left_out)
    """`date`"""
    time: str | None = _field(default=None, metadata=_sdk.left_out)
    """`time`"""


@_dataclass(slots=True, kw_only=True)
class Appointment(_sdk.Screen):
    """Screen `APPOINTMENT`: Appointment."""

    ID: _ClassVar[str] = "APPOINTMENT"
    department: list[Item]
    """`department`, for example `[{'id':'general','title':'General practice','enabled':true},{'id':'dental','titl`"""
    location: list[Item]
    """`location`, for example `[{'id':'centre','title':'City centre clinic','enabled':true},{'id':'river','titl`"""
    is_location_enabled: bool
    """`is_location_enabled`, for example `true`"""
    date: list[Item]
    """`date`, for example `[{'id':'2026-11-23','title':'Mon Nov 23 2026','enabled':true},{'id':'2026-11-24'`"""
    is_date_enabled: bool
    """`is_date_enabled`, for example `true`"""
    time: list[Item]
    """`time`, for example `[{'id':'09:00','title':'09:00','enabled':false},{'id':'10:30','title':'10:30','e`"""
    is_time_enabled: bool
    """`is_time_enabled`, for example `true`"""
    chosen: AppointmentChosen
    """`chosen`, for example `{}`"""


@_dataclass(slots=True, kw_only=True)
class AppointmentForm(_sdk.Form):
    """The form of screen `APPOINTMENT`: what its `data_exchange` actions send."""

    SCREEN: _ClassVar[str] = "APPOINTMENT"
    trigger: str | None
    """`department_selected`"""
    department: str | None
    """`${form.department}`"""
    location: str | None
    """`${form.location}`"""
    date: str | None
    """`${form.date}`"""
    time: str | None
    """`${form.time}`"""


@_dataclass(slots=True, kw_only=True)
class DetailsChosen:
    """An object `chosen` of the screen's data."""

    name: str | None = _field(default=None, metadata=_sdk.left_out)
    """`name`"""
    email: str | None = _field(default=None, metadata=_sdk.left_out)
    """`email`"""
    phone: str | None = _field(default=None, metadata=_sdk.left_out)
    """`phone`"""
    more_details: str | None = _field(default=None, metadata=_sdk.left_out)
    """`more_details`"""


@_dataclass(slots=True, kw_only=True)
class Details(_sdk.Screen):
    """Screen `DETAILS`: Your details."""

    ID: _ClassVar[str] = "DETAILS"
    appointment: str
    """`appointment`, for example `'Dental care at Riverside clinic, Mon Nov 23 2026, 10:30'`"""
    chosen: DetailsChosen
    """`chosen`, for example `{}`"""


@_dataclass(slots=True, kw_only=True)
class DetailsForm(_sdk.Form):
    """The form of screen `DETAILS`: what its `data_exchange` actions send."""

    SCREEN: _ClassVar[str] = "DETAILS"
    name: str
    """`${form.name}`"""
    email: str
    """`${form.email}`"""
    phone: str
    """`${form.phone}`"""
    more_details: str | None
    """`${form.more_details}`"""


@_dataclass(slots=True, kw_only=True)
class Summary(_sdk.Screen):
    """Screen `SUMMARY`: Summary."""

    ID: _ClassVar[str] = "SUMMARY"
    appointment: str
    """`appointment`, for example `'Dental care at Riverside clinic, Mon Nov 23 2026, 10:30'`"""
    details: str
    """`details`, for example `'Ana Silva\\nana@example.com\\n+55 11 91234-5678'`"""


@_dataclass(slots=True, kw_only=True)
class SummaryForm(_sdk.Form):
    """The form of screen `SUMMARY`: what its `data_exchange` actions send."""

    SCREEN: _ClassVar[str] = "SUMMARY"
    terms: bool
    """`${form.terms}`"""


@_dataclass(slots=True, kw_only=True)
class Terms(_sdk.Screen):
    """Screen `TERMS`: Terms."""

    ID: _ClassVar[str] = "TERMS"


FORMS = (AppointmentForm, DetailsForm, SummaryForm)
"""All forms: the plugin has to answer each."""
