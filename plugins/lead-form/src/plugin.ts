// Someone is interested: a form that is checked (LEAD), a request to the CRM, and a word of thanks (DONE).

import { complete, log, type Reply, type Session } from "@flowhost/sdk";

import { createLead } from "./crm";
import { type DoneData, flow, type Item, type LeadData, type LeadForm, show } from "./flow.gen";
import { wrongIn } from "./validation";

/** What is remembered from screen to screen. */
interface Lead {
  /** The lead's id in the CRM. It is there once the form was sent, and then the form is not sent again. */
  id: string | null;
  name: string;
}

const none: Lead = { id: null, name: "" };

export default flow({
  state: none,

  init() {
    return show("LEAD", leadScreen({}, {}));
  },

  async submit(exchange, session) {
    switch (exchange.screen) {
      case "LEAD":
        return await lead(exchange.form, session);
      case "DONE":
        return complete({ lead: exchange.form.lead });
    }
  },
});

async function lead(form: LeadForm, session: Session<Lead>): Promise<Reply> {
  // WhatsApp sends a request again if the answer was slow.
  if (session.state.id !== null) {
    return show("DONE", thanks(session.state.name, session.state.id));
  }
  const wrong = wrongIn(form);
  if (Object.keys(wrong).length > 0) {
    return show("LEAD", leadScreen(form, wrong));
  }
  const created = await createLead(form);
  switch (created.kind) {
    case "created":
      session.state = { id: created.id, name: form.name.trim() };
      log.info(`lead ${created.id}, about ${form.interest}`);
      return show("DONE", thanks(session.state.name, created.id));
    case "refused":
      return show("LEAD", leadScreen(form, created.wrong));
    case "failed":
      return show("LEAD", leadScreen(form, {})).error("That did not work. Please try again in a minute.");
  }
}

/** With what was typed before, so that nothing is lost. */
function leadScreen(typed: Partial<LeadForm>, wrong: LeadData["wrong"]): LeadData {
  return {
    interests: INTERESTS,
    typed: {
      name: typed.name ?? "",
      email: typed.email ?? "",
      company: typed.company ?? "",
      employees: typed.employees ?? "",
      ...(typed.interest === undefined ? {} : { interest: typed.interest }),
    },
    // Without any, those of the reply before are gone.
    wrong,
  };
}

function thanks(name: string, lead: string): DoneData {
  return { heading: `Thank you, ${name}!`, text: "We will call you within a day.", lead };
}

const INTERESTS: Item[] = [
  { id: "solar", title: "Solar panels" },
  { id: "storage", title: "Batteries" },
  { id: "charging", title: "Charging stations" },
];
