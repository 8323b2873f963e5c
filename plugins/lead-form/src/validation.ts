// What is wrong with a form, field by field.

import type { LeadData, LeadForm } from "./flow.gen";

/** Texts for the fields that are wrong. A phone has room for 30 characters at a TextInput. */
export function wrongIn(form: LeadForm): LeadData["wrong"] {
  const wrong: LeadData["wrong"] = {};
  if (form.name.trim().length < 2) {
    wrong.name = "Please tell us your name.";
  }
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]{2,}$/.test(form.email.trim())) {
    wrong.email = "Please check the address.";
  }
  // A phone's keyboard for numbers has a comma, and users paste what they like.
  if (form.employees !== null && !/^\d{1,7}$/.test(form.employees.trim())) {
    wrong.employees = "Please enter a whole number.";
  }
  return wrong;
}
