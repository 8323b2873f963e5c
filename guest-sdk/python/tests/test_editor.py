"""What mypy, and so an editor, says about a plugin that is wrong."""

from pathlib import Path

import pytest
from mypy import api

HEAD = """
from dataclasses import dataclass
import screens
from flowhost_sdk import Exchange, Flow, Json, Reply, Session, store

@dataclass
class Booking:
    guests: str = ""

flow = Flow(Booking)
"""

ON_TABLE = "@flow.submit(screens.TableForm)\ndef f(exchange: Exchange[screens.TableForm], session: Session[Booking]) -> Reply:\n"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (ON_TABLE + "    return Reply.show(screens.Confirm(summary='', price=1))", None),
        ("screens.Tabel", 'Module has no attribute "Tabel"; maybe "Table"'),
        ("screens.Confirm(summary='')", 'Missing named argument "price" for "Confirm"'),
        ("screens.Confirm(summary='', price='1')", 'Argument "price" to "Confirm" has incompatible type "str"'),
        ("screens.Confirm(summary='', price=1, note='')", 'Unexpected keyword argument "note" for "Confirm"'),
        ("Reply.show(screens.Item('1', 'One'))", 'Argument 1 to "show" of "Reply" has incompatible type "Item"; expected "Screen"'),
        (ON_TABLE + "    return Reply.screen(exchange.form.gusts)", '"TableForm" has no attribute "gusts"; maybe "guests"?'),
        (ON_TABLE + "    return Reply.screen(exchange.form.wishes)", 'incompatible type "str | None"; expected "str"'),
        (ON_TABLE + "    session.state.gusts = ''\n    return Reply.close()", '"Booking" has no attribute "gusts"; maybe "guests"?'),
        (ON_TABLE + "    pass", "Missing return statement"),
        (ON_TABLE.replace("Exchange[screens.TableForm]", "Exchange[screens.ConfirmForm]") + "    return Reply.close()", "incompatible type"),
        (ON_TABLE.replace("Session[Booking]", "Session[int]") + "    return Reply.close()", "incompatible type"),
        ("x: str | None = store.get('visits', int)", "Incompatible types in assignment"),
    ],
)
def test_a_mistake_is_an_error_in_the_editor(code: str, said: str | None, tmp_path: Path) -> None:
    file = tmp_path / "mistaken_plugin.py"
    file.write_text(HEAD + code + "\n")

    told, failed = checked(file, tmp_path.parent / "mypy")

    assert (said is None) == (told == "") and (said or "") in told, told
    assert failed == ""


def checked(file: Path, cache: Path) -> tuple[str, str]:
    """What mypy writes to its output and to standard error."""
    here = Path(__file__).parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MYPYPATH", f"{here}:{here.parent}")
        options = ["--strict", "--config-file", str(here.parent / "pyproject.toml"), "--cache-dir", str(cache), "--no-error-summary"]
        told, failed, _ = api.run([str(file), *options])
    return told, failed
