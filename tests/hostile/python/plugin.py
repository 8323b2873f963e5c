"""A plugin in Python that misbehaves as the form's field `do` says."""

import atexit
import builtins
import gc
import hashlib
import json
import logging
import os
import random
import re
import secrets
import signal
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from typing import Any, Callable, NoReturn

from flowhost_sdk import BadRequest, Exchange, Flow, Json, NoState, Reply, Session, config, log, store
from flowhost_sdk import random as host_random

flow = Flow(NoState)

# What a call changes here must not be there in the next one.
kept: list[int] = []
# The snapshot has the state of these two; only the second was given its seed.
own_generator = random.Random()
seeded_generator = random.Random(7)


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class Lying(BaseException):
    __class__ = property(lambda self: 1 / 0)

    def __getattribute__(self, name: str) -> object:
        raise SystemExit(name)


@flow.init
def init(exchange: Exchange[Json], session: Session[NoState]) -> Reply:
    return Reply.screen("FORM")


@flow.submit
def submit(exchange: Exchange[Json], session: Session[NoState]) -> Reply:
    made = DEEDS[exchange.form.get("do", "nothing")]()
    return made if isinstance(made, Reply) else Reply.screen("NEXT", {"made": made})


def nothing() -> Json:
    return None


def loop() -> Json:
    while True:
        pass


def loop_in_c() -> Json:
    return re.match("(a+)+$", "a" * 60 + "b")


def loop_in_a_number() -> Json:
    return len(str(3 ** (10**7) % 7)) + (9 ** (9**8)) % 7


def loop_that_catches() -> Json:
    while True:
        try:
            loop()
        except BaseException:  # noqa: BLE001
            continue


def loop_in_the_end() -> Json:
    class Undying:
        def __del__(self) -> None:
            loop()

    Undying()
    return None


def loop_in_a_key() -> Json:
    class Key:
        def __hash__(self) -> int:
            return 1

        def __eq__(self, other: object) -> bool:
            loop()
            return True

    return len({Key(), Key()})


def loop_in_an_exception() -> Json:
    try:
        raise ValueError
    finally:
        loop()


def wait_for_a_lock() -> Json:
    lock = threading.Lock()
    lock.acquire()
    return lock.acquire()


def wait_for_input() -> Json:
    return input()


def hoard() -> Json:
    hoarded = []
    while True:
        hoarded.append(bytearray(1 << 20))


def hoard_small() -> Json:
    hoarded: list[object] = []
    while True:
        hoarded.append([hoarded, len(hoarded)])


def hoard_at_once() -> Json:
    return len(bytes(1 << 30))


def hoard_a_number() -> Json:
    return (10 ** (10**8)).bit_length()


def hoard_a_text() -> Json:
    text = "x"
    while True:
        text += text


def hoard_and_catch() -> Json:
    hoarded = []
    while True:
        try:
            hoarded.append(bytearray(1 << 16))
        except MemoryError:
            hoarded.append(bytearray(16))


def deep() -> Json:
    return deeper(0)


def deeper(depth: int) -> int:
    return deeper(depth + 1) + 1


def deep_in_c() -> Json:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    return json.dumps(nested)


def deep_repr() -> Json:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    return repr(nested)


def deep_without_a_limit() -> Json:
    sys.setrecursionlimit(10**9)
    return deeper(0)


def deep_and_caught() -> Json:
    try:
        return deep_and_caught()
    except RecursionError:
        return deep_and_caught()


def deep_groups() -> Json:
    group: Exception = ValueError("the first")
    for _ in range(100_000):
        group = ExceptionGroup("more", [group])
    raise group


def deep_comparison() -> Json:
    @dataclass
    class Node:
        inside: Any

        def __eq__(self, other: object) -> bool:
            return bool(self.inside == other.inside)  # type: ignore[attr-defined]

    one, other = Node(1), Node(1)
    for _ in range(100_000):
        one, other = Node(one), Node(other)
    return one == other


def raising(error: BaseException) -> Callable[[], NoReturn]:
    def throw() -> NoReturn:
        raise error

    return throw


def leave() -> Json:
    os._exit(0)


def abort() -> Json:
    os.abort()


def kill() -> Json:
    os.kill(os.getpid(), signal.SIGKILL)
    return None


def raise_a_signal() -> Json:
    signal.raise_signal(signal.SIGABRT)
    return None


def fork() -> Json:
    return os.fork()


def circle() -> NoReturn:
    one, other = ValueError("one"), KeyError("other")
    one.__cause__, other.__cause__ = other, one
    raise one


def long_text() -> NoReturn:
    raise ValueError("long " * 2_000_000)


def long_line() -> Json:
    log.info("x" * 10_000_000)
    return None


def many_lines() -> Json:
    for _ in range(1_000):
        print("line")
    return None


def spoil() -> Json:
    """Spoils whatever the SDK, the interpreter and the next call could need."""
    kept.append(1)
    atexit.register(loop)
    gc.set_threshold(1)
    sys.setrecursionlimit(50)
    sys.settrace(lambda *_: None)
    for where, name in ((sys, "stdout"), (sys, "stderr"), (json, "dumps"), (json, "loads"), (random, "seed")):
        setattr(where, name, None)
    sys.excepthook = lambda *_: None
    logging.disable()
    DEEDS["nothing"] = loop
    for module in ("flowhost_sdk", "json", "builtins"):
        sys.modules.pop(module)
    eval(compile("import builtins; builtins.left_by_eval = 1", "form", "exec"))
    for name in ("isinstance", "str", "__import__"):
        setattr(builtins, name, loop)
    return None


def remains() -> Json:
    return {
        "kept": kept,
        "recursion": sys.getrecursionlimit() < 100,
        "trace": sys.gettrace() is not None,
        "stdout": sys.stdout is None,
        "json": json.dumps([1]) == "[1]" and "json" in sys.modules,
        "eval": hasattr(builtins, "left_by_eval"),
    }


def remember() -> Json:
    kept.append(1)
    sys.modules["json"].kept = True  # type: ignore[attr-defined]
    builtins.len = lambda _: 7  # type: ignore[assignment]
    Reply.kept = True  # type: ignore[attr-defined]
    return [len([]), kept]


def remembered() -> Json:
    return [len([]), kept, hasattr(sys.modules["json"], "kept"), hasattr(Reply, "kept")]


def drawn() -> Json:
    return {
        "module": random.random(),
        "own": own_generator.random(),
        "seeded": seeded_generator.random(),
        "uuid": str(uuid.uuid4()),
        "secret": secrets.token_hex(),
        "sdk": host_random.id(16),
        "new": random.Random().random(),
        "bytes": os.urandom(8).hex(),
    }


def hash_of_a_text() -> Json:
    return hash("a")


def clocks() -> Json:
    first = time.monotonic()
    return {"now": time.time(), "passed": time.monotonic() - first}


def lines() -> Json:
    print("printed")
    print("to stderr", file=sys.stderr)
    print("without an end", end="")
    logging.getLogger("shop").warning("low on %s", "tea")
    logging.debug("not shown")
    log.debug("shown")
    log.error("half a character: \ud800")
    try:
        1 / 0
    except ZeroDivisionError:
        logging.exception("no result")
    return None


def late() -> Json:
    import csv

    return csv.QUOTE_ALL


def files() -> Json:
    found: list[str] = []
    for path in ("/etc/passwd", "/0/plugin.py", "/python/json/__init__.py", "new"):
        try:
            with open(path, "w" if path == "new" else "r") as file:
                found.append(file.name)
        except OSError as error:
            found.append(type(error).__name__)
    try:
        found += os.listdir("/")
    except OSError as error:
        found.append(type(error).__name__)
    return {"found": found, "environ": dict(os.environ), "argv": sys.argv}


def thread() -> Json:
    try:
        threading.Thread(target=nothing).start()
    except RuntimeError as error:
        return str(error)
    return "started"


def sleep() -> Json:
    time.sleep(60)
    return None


def evaluated() -> Json:
    return eval(compile("sum(range(10))", "form", "eval"))


def from_outside() -> Json:
    exec(compile("def inner():\n    raise ValueError('from a text')\ninner()", "/etc/plugin.py", "exec"))
    return None


def half_a_character() -> Reply:
    return Reply.screen("NEXT", {"x": "\ud800"})


def half_a_key() -> Json:
    store.set("\ud800", 1)
    return None


def half_an_error() -> Reply:
    return Reply.screen("NEXT", {}, error="\ud800")


def not_a_number() -> Reply:
    return Reply.screen("NEXT", {"x": float("nan")})


def wrong_types() -> Json:
    told = []
    for use in (
        lambda: store.set(7, 1),  # type: ignore[arg-type]
        lambda: store.list("", 2**40),
        lambda: config.get(None),  # type: ignore[arg-type]
        lambda: store.compare_and_set("a", -1, 1),  # type: ignore[arg-type]
    ):
        try:
            use()
            told.append("nothing")
        except (TypeError, ValueError) as error:
            told.append(type(error).__name__)
    return told


def stored() -> Json:
    visits = (store.get("visits", int) or 0) + 1
    store.set("visits", visits)
    return visits


def digest() -> Json:
    return hashlib.sha256(b"flow").hexdigest()


DEEDS: dict[str, Callable[[], Json]] = {
    name: deed for name, deed in list(globals().items()) if callable(deed) and getattr(deed, "__module__", None) == __name__
} | {
    "raise-value-error": raising(ValueError("no table")),
    "raise-system-exit": raising(SystemExit(3)),
    "raise-keyboard-interrupt": raising(KeyboardInterrupt()),
    "raise-generator-exit": raising(GeneratorExit()),
    "raise-memory-error": raising(MemoryError()),
    "raise-group": raising(ExceptionGroup("two", [ValueError("a")])),
    "raise-mute": raising(Mute()),
    "raise-lying": raising(Lying()),
    "raise-half-a-character": raising(ValueError("\ud800")),
    "raise-bad-request": raising(BadRequest("not this one")),
}
