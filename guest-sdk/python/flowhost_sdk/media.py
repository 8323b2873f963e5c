"""Files that the user picked in a PhotoPicker or a DocumentPicker. The host downloads, verifies and
decrypts them.

The plugin asks for this in its `flowhost.toml` (`media = true` under `[requests]`), and the flow
grants it. A file may have at most 25 MiB and at most half of the memory that a call may have; one
call can fetch at most 30.
"""

from __future__ import annotations

from . import _host
from .typed import Json, Misfit, kind_of, write


class MediaError(Exception):
    """Why a file could not be fetched: one of the classes below."""


class NotGranted(MediaError):
    """The plugin did not ask for `media`, or the flow does not grant it."""

    def __init__(self) -> None:
        super().__init__("media is not granted: the plugin's flowhost.toml asks, the flow's grants allow")


class InvalidReference(MediaError):
    """The reference is not one that a picker sends, or does not point to WhatsApp's servers."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the file's reference is invalid: {why}")


class DownloadFailed(MediaError):
    """The download failed. Files expire."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the file can't be downloaded: {why}")


class CheckFailed(MediaError):
    """The downloaded file is not the one that was sent."""

    def __init__(self) -> None:
        super().__init__("the file is not the one that was sent")


class TooLarge(MediaError):
    """The file is larger than allowed, or than half the memory of a call."""

    def __init__(self) -> None:
        super().__init__("the file is too large")


class QuotaExceeded(MediaError):
    """The call has used up its number of files."""

    def __init__(self) -> None:
        super().__init__("the call has fetched as many files as it may")


class Reference:
    """One element of the picker's field, as received. It holds the file's keys, so it can't be
    written as JSON, and a log does not show them."""

    __slots__ = ("_element",)

    def __init__(self, element: dict[str, Json]) -> None:
        self._element = element

    @staticmethod
    def from_json(element: Json) -> Reference:
        """Takes an element of the field."""
        if not isinstance(element, dict):
            raise Misfit(f"expected a file, but it is {kind_of(element)}")
        return Reference(element)

    @property
    def file_name(self) -> str | None:
        """The file's name on the user's phone."""
        return self._text("file_name")

    @property
    def media_id(self) -> str | None:
        """WhatsApp's id of the file."""
        return self._text("media_id")

    def _text(self, name: str) -> str | None:
        text = self._element.get(name)
        return text if isinstance(text, str) else None

    def __repr__(self) -> str:
        return f"Reference({self.media_id!r})"


def fetch(reference: Reference) -> bytes:
    """Fetches the file behind a reference. Raises `MediaError`."""
    return _host.fetch(reference, write(reference._element))
