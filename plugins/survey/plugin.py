"""A survey after a visit. Whoever was not content is asked what went wrong and whether to be called;
whoever was is asked what was good.

Going back shows what was answered. A changed mark leads to the other branch, and the answers of the
branch that was left are forgotten.
"""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import screens
from flowhost_sdk import BadRequest, Exchange, Flow, Json, Reply, Session, clock, config, log


@dataclass
class Problem:
    """What went wrong, and who may be called about it."""

    reasons: list[str] = field(default_factory=list)
    story: str | None = None
    name: str = ""
    day: date | None = None


@dataclass
class Praise:
    """What was good."""

    likes: list[str] = field(default_factory=list)
    may_quote: bool = False


@dataclass
class Answers:
    """What was answered so far, in one of the two branches."""

    mark: int | None = None
    problem: Problem | None = None
    praise: Praise | None = None


flow = Flow(Answers)


@flow.init
def open_survey(exchange: Exchange[Json], session: Session[Answers]) -> Reply:
    """Begins; with `on_reopen: continue`, with the answers from before."""
    return Reply.show(rating(session.state))


@flow.submit(screens.RatingForm)
def branch(exchange: Exchange[screens.RatingForm], session: Session[Answers]) -> Reply:
    """The mark decides which questions follow."""
    answers = session.state
    answers.mark = mark_of(exchange.form.mark)
    if answers.mark <= BEST_OF_DISCONTENT:
        answers.praise = None
        answers.problem = answers.problem or Problem()
        return Reply.show(problem(answers.problem))
    answers.problem = None
    answers.praise = answers.praise or Praise()
    return Reply.show(praise(answers.praise))


@flow.submit(screens.ProblemForm)
def what_went_wrong(exchange: Exchange[screens.ProblemForm], session: Session[Answers]) -> Reply:
    """Keeps what went wrong, and asks whom to call."""
    form, before = exchange.form, session.state.problem or Problem()
    if "other" in form.reasons and form.story is None:
        told = replace(before, reasons=form.reasons)
        return Reply.show(problem(told), error="Please tell us what it was.")
    session.state.problem = replace(before, reasons=form.reasons, story=form.story)
    return Reply.show(contact(session.state.problem))


@flow.submit(screens.ContactForm)
def whom_to_call(exchange: Exchange[screens.ContactForm], session: Session[Answers]) -> Reply:
    """Keeps whom to call, and when."""
    form, before = exchange.form, session.state.problem or Problem()
    if form.day is not None and form.day < earliest():
        raise BadRequest("Please pick a day from tomorrow on.")
    session.state.problem = replace(before, name=form.name.strip(), day=form.day)
    return Reply.show(summary(session.state))


@flow.submit(screens.PraiseForm)
def what_was_good(exchange: Exchange[screens.PraiseForm], session: Session[Answers]) -> Reply:
    """Keeps what was good."""
    session.state.praise = Praise(exchange.form.likes, exchange.form.may_quote)
    return Reply.show(summary(session.state))


@flow.submit(screens.SummaryForm)
def send(exchange: Exchange[screens.SummaryForm], session: Session[Answers]) -> Reply:
    """Ends the survey. The answers come in the message that WhatsApp sends then."""
    log.info("a survey with the mark %s", session.state.mark)
    return Reply.complete(session.state)


@flow.back
def back(exchange: Exchange[Json], session: Session[Answers]) -> Reply:
    """Shows the screen before, with what was answered there."""
    answers = session.state
    if exchange.screen == screens.Summary.ID:
        return Reply.show(contact(answers.problem) if answers.problem else praise(answers.praise or Praise()))
    if exchange.screen == screens.Contact.ID:
        return Reply.show(problem(answers.problem or Problem()))
    return Reply.show(rating(answers))


def rating(answers: Answers) -> screens.Rating:
    """The first screen."""
    chosen = None if answers.mark is None else str(answers.mark)
    return screens.Rating(
        question=config.get("question") or "How was your visit?",
        marks=[screens.Item(str(mark), words) for mark, words in MARKS.items()],
        given=screens.RatingGiven(mark=chosen),
    )


def problem(told: Problem) -> screens.Problem:
    """The screen for what went wrong."""
    return screens.Problem(
        reasons=items(REASONS), given=screens.ProblemGiven(reasons=told.reasons or None, story=told.story)
    )


def praise(told: Praise) -> screens.Praise:
    """The screen for what was good."""
    given = screens.PraiseGiven(likes=told.likes or None, may_quote=told.may_quote or None)
    return screens.Praise(likes=items(LIKES), given=given)


def contact(told: Problem) -> screens.Contact:
    """The screen for whom to call."""
    given = screens.ContactGiven(name=told.name or None, day=told.day.isoformat() if told.day else None)
    return screens.Contact(earliest=earliest().isoformat(), given=given)


def summary(answers: Answers) -> screens.Summary:
    """The last screen: the answers in words."""
    words = [f"Your mark: {MARKS[answers.mark or 1]}."]
    if answers.problem:
        told = answers.problem
        words.append("What went wrong: " + ", ".join(REASONS[reason].lower() for reason in told.reasons) + ".")
        words.append(f"We call {told.name}{f' on {told.day:%A, %d %B}' if told.day else ''}.")
    if answers.praise:
        words.append("You liked: " + ", ".join(LIKES[like].lower() for like in answers.praise.likes) + ".")
    return screens.Summary(summary="\n".join(words))


def mark_of(text: str) -> int:
    """The mark that was picked: one of those that were offered."""
    mark = int(text)
    if mark not in MARKS:
        raise ValueError("there is no such mark")
    return mark


def items(words: dict[str, str]) -> list[screens.Item]:
    """A list to choose from."""
    return [screens.Item(id, title) for id, title in words.items()]


def earliest() -> date:
    """The first day on which somebody may be called."""
    return clock.today() + timedelta(days=1)


MARKS = {5: "Very good", 4: "Good", 3: "Fair", 2: "Poor", 1: "Very poor"}
REASONS = {"late": "I had to wait", "rude": "The people", "price": "The price", "other": "Something else"}
LIKES = {"staff": "The people", "quick": "How quick it was", "price": "The price"}

# Fair and below: somebody should ask.
BEST_OF_DISCONTENT = 3
