// Takes a question (QUESTION), shows it once more with the name of who asks (REVIEW), and passes it on.
//
// `flow.json` has the screens. `flow.gen.ts` is made of it, so that a screen or field that is not in it does not compile.

import { complete, log, type Reply, type Session } from "@flowhost/sdk";
import { flow, type QuestionData, type QuestionForm, type ReviewForm, show } from "./flow.gen";

/** What is remembered from one screen to the next. */
interface Enquiry {
  topic: string;
  name: string;
  question: string;
}

const nothing: Enquiry = { topic: "", name: "", question: "" };

export default flow({
  state: nothing,

  /** The user opens the flow. */
  init(_exchange, session) {
    return show("QUESTION", questionScreen(session.state));
  },

  /** The user sends a form. Functions may be `async`. */
  submit(exchange, session) {
    switch (exchange.screen) {
      case "QUESTION":
        return review(exchange.form, session);
      case "REVIEW":
        return send(exchange.form, session.state);
    }
  },

  /** The user goes back, on a screen that has `refresh_on_back`. */
  back(_exchange, session) {
    return show("QUESTION", questionScreen(session.state));
  },
});

function review(form: QuestionForm, session: Session<Enquiry>): Reply {
  session.state = { topic: form.topic, name: form.name.trim(), question: form.question };
  if (session.state.name === "") {
    return show("QUESTION", questionScreen(session.state)).error("Please tell us your name.");
  }
  return show("REVIEW", { greeting: `Thank you, ${session.state.name}!`, question: session.state.question });
}

/**
 * Ends the conversation. The parameters come to you in the message that WhatsApp sends then.
 *
 * The phone sends along what was entered, so nothing is lost where nothing can be remembered: in a flow that was sent without a token
 * of the recipient's own.
 */
function send(form: ReviewForm, enquiry: Enquiry): Reply {
  const topic = form.topic ?? enquiry.topic;
  log.info(`a question about ${topic}`);
  return complete({ topic, name: form.name ?? enquiry.name, question: form.question ?? enquiry.question });
}

/** With what was typed before, if there is any. */
function questionScreen(enquiry: Enquiry): QuestionData {
  return {
    topics: [
      { id: "order", title: "My order" },
      { id: "invoice", title: "My invoice" },
      { id: "other", title: "Something else" },
    ],
    name: enquiry.name,
    question: enquiry.question,
  };
}
