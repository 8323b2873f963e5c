"""Takes a question (QUESTION), shows it once more with the name of who asks (REVIEW), and passes it on.

`flow.json` has the screens. `flowhost plugin build` makes `screens.py` of them, so that a screen or
field that is not in it is an error in the editor and in the build.
"""

from dataclasses import dataclass

import screens
from flowhost_sdk import Exchange, Flow, Json, Reply, Session, log


@dataclass
class Enquiry:
    """What is remembered from one screen to the next."""

    topic: str = ""
    name: str = ""
    question: str = ""


flow = Flow(Enquiry)


@flow.init
def open_flow(exchange: Exchange[Json], session: Session[Enquiry]) -> Reply:
    """The user opens the flow."""
    return Reply.show(question_screen(session.state))


@flow.submit(screens.QuestionForm)
def review(exchange: Exchange[screens.QuestionForm], session: Session[Enquiry]) -> Reply:
    """The user sends the question."""
    form = exchange.form
    session.state = Enquiry(form.topic, form.name.strip(), form.question)
    if not session.state.name:
        return Reply.show(question_screen(session.state), error="Please tell us your name.")
    greeting = f"Thank you, {session.state.name}!"
    return Reply.show(screens.Review(greeting=greeting, question=session.state.question))


@flow.submit(screens.ReviewForm)
def send(exchange: Exchange[screens.ReviewForm], session: Session[Enquiry]) -> Reply:
    """Ends the conversation. The parameters come to you in the message that WhatsApp sends then.

    The phone sends along what was entered, so nothing is lost where nothing can be remembered: in a
    flow that was sent without a token of the recipient's own.
    """
    form, enquiry = exchange.form, session.state
    topic = form.topic or enquiry.topic
    log.info("a question about %s", topic)
    return Reply.complete(
        {"topic": topic, "name": form.name or enquiry.name, "question": form.question or enquiry.question}
    )


@flow.back
def back(exchange: Exchange[Json], session: Session[Enquiry]) -> Reply:
    """The user goes back, on a screen that has `refresh_on_back`."""
    return Reply.show(question_screen(session.state))


def question_screen(enquiry: Enquiry) -> screens.Question:
    """The first screen, with what was typed before, if there is any."""
    topics = {"order": "My order", "invoice": "My invoice", "other": "Something else"}
    return screens.Question(
        topics=[screens.Item(id, title) for id, title in topics.items()],
        name=enquiry.name,
        question=enquiry.question,
    )
