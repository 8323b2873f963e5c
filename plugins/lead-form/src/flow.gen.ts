// Made from flow.json, and made anew with each build: `flowhost plugin types` does it alone. Not to be edited.

import { screensOf } from "@flowhost/sdk";

/** An entry of a list to choose from. */
export interface Item {
  id: string;
  title: string;
}

/** The data of screen `LEAD`: Talk to sales */
export interface LeadData {
  /** For example `[{"id":"solar","title":"Solar panels"},{"id":"storage","title":"Batteries"}]`. */
  interests: Item[];
  /** For example `{}`. */
  typed: {
    name?: string;
    email?: string;
    company?: string;
    employees?: string;
    interest?: string;
  };
  /** For example `{}`. */
  wrong: {
    name?: string;
    email?: string;
    employees?: string;
  };
}

/** The form of screen `LEAD`: what its `data_exchange` actions send. */
export interface LeadForm {
  /** `${form.name}` */
  name: string;
  /** `${form.email}` */
  email: string;
  /** `${form.company}` */
  company: string | null;
  /** `${form.employees}` */
  employees: string | null;
  /** `${form.interest}` */
  interest: string;
  /** `${form.newsletter}` */
  newsletter: boolean;
}

/** The data of screen `DONE`: Thank you */
export interface DoneData {
  /** For example `"Thank you, Ana!"`. */
  heading: string;
  /** For example `"We will call you within a day."`. */
  text: string;
  /** For example `"L-17"`. */
  lead: string;
}

/** The form of screen `DONE`: what its `data_exchange` actions send. */
export interface DoneForm {
  /** `${data.lead}` */
  lead: string;
}

/** All screens: their data, and the forms that they send. */
export interface Screens {
  LEAD: { data: LeadData; form: LeadForm };
  DONE: { data: DoneData; form: DoneForm };
}

export const { flow, show } = screensOf<Screens>({
  LEAD: { name: "text", email: "text", company: "text?", employees: "text?", interest: "text", newsletter: "bool" },
  DONE: { lead: "text" },
});
