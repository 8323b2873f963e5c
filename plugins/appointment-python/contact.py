"""The person whom the appointment is for, and the check of their details."""

import re
from dataclasses import dataclass

import screens


@dataclass
class Contact:
    """The form of screen DETAILS."""

    name: str
    email: str
    phone: str
    more_details: str | None = None

    @classmethod
    def of_form(cls, form: screens.DetailsForm) -> "Contact":
        """What a form says, without the white space that keyboards add at the ends. Notes of nothing
        else are none."""
        notes = trimmed(form.more_details or "")
        return cls(trimmed(form.name), trimmed(form.email), trimmed(form.phone), notes or None)

    def problem(self) -> str | None:
        """What is wrong, in words for the user."""
        if not self.name:
            return "Please enter your name."
        if len(self.name) > _NAME_MAX:
            return "Please shorten your name to 100 characters."
        if not is_email(self.email):
            return "Please check your email address, for example ana@example.com."
        if not is_phone(self.phone):
            return "Please check your phone number, for example +55 11 91234-5678."
        if self.more_details is not None and len(self.more_details) > _NOTES_MAX:
            return "Please shorten your notes to 600 characters."
        return None


def is_email(text: str) -> bool:
    """Requires something before a single @, and a domain with a dot after it. Only sending a message
    could tell more."""
    local, _, domain = text.partition("@")
    labels = domain.split(".")
    return (
        bool(local)
        and len(labels) > 1
        and all(labels)
        and "@" not in domain
        and len(text.encode()) <= _EMAIL_MAX
        and not any(character in _WHITE_SPACE or character in _CONTROLS for character in text)
    )


def is_phone(text: str) -> bool:
    """7 to 15 digits (ITU-T E.164), with the marks that people put between them."""
    digits = len(re.findall("[0-9]", text))
    return re.fullmatch("[+]?[0-9 .()-]*", text) is not None and 7 <= digits <= 15


def trimmed(text: str) -> str:
    """The text without white space at its ends."""
    return text.strip(_WHITE_SPACE)


# Unicode's property White_Space. `strip` alone takes U+001C to U+001F for white space too.
_WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
_CONTROLS = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0))))

_NAME_MAX = 100
# The longest address that mail systems carry (RFC 5321), in bytes of UTF-8.
_EMAIL_MAX = 254
_NOTES_MAX = 600
