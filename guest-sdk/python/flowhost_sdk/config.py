"""The flow's settings, which the tenant changes with `flowhost flow config set`.

Secrets are not here, because a plugin never sees them: write `{{secret:NAME}}` into a request.
"""

from __future__ import annotations

from . import _host


class Missing(Exception):
    """The flow lacks a setting that the plugin requires."""

    def __init__(self, key: str) -> None:
        super().__init__(f'the flow has no setting "{key}" (flowhost flow config set)')
        self.key = key


def get(key: str) -> str | None:
    """The value of a setting; none if it is not set or is a secret."""
    return _host.setting(_host.text("the key of a setting", key))


def require(key: str) -> str:
    """The value of a setting. Raises `Missing` if it is not set or is a secret."""
    value = get(key)
    if value is None:
        raise Missing(key)
    return value
