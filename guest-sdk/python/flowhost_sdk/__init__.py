"""Write the logic of a WhatsApp Flow in Python, and run it on Flowhost.

The guide is `README.md` beside this package. In short:

```python
from dataclasses import dataclass

from flowhost_sdk import BadRequest, Exchange, Flow, Json, Reply, Session
import screens


@dataclass
class Booking:
    guests: str = ""


flow = Flow(Booking)


@flow.init
def open_flow(exchange: Exchange[Json], session: Session[Booking]) -> Reply:
    return Reply.show(screens.Table(earliest="2026-11-23"))


@flow.submit(screens.TableForm)
def table(exchange: Exchange[screens.TableForm], session: Session[Booking]) -> Reply:
    session.state.guests = exchange.form.guests
    return Reply.complete({"guests": session.state.guests})
```
"""

from . import clock, config, http, log, media, random, store
from .errors import BadRequest, DataError
from .exchange import Action, ClientError, Exchange
from .flow import Flow, NoState
from .reply import Reply
from .screen import Form, PartialDateRange, Screen
from .session import Session
from .typed import Json, Number, left_out, named

__all__ = [
    "Action",
    "BadRequest",
    "ClientError",
    "DataError",
    "Exchange",
    "Flow",
    "Form",
    "Json",
    "NoState",
    "Number",
    "PartialDateRange",
    "Reply",
    "Screen",
    "Session",
    "clock",
    "config",
    "http",
    "left_out",
    "log",
    "media",
    "named",
    "random",
    "store",
]

__version__ = "0.1.0"
