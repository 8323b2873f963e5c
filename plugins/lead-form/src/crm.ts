// The CRM's API, as far as it is needed.

import { config, http, log, shape } from "@flowhost/sdk";

import type { LeadData, LeadForm } from "./flow.gen";

/** What came of a request. */
export type Created =
  | { kind: "created"; id: string }
  /** The CRM knows better what is wrong. */
  | { kind: "refused"; wrong: LeadData["wrong"] }
  | { kind: "failed" };

const CreatedLead = shape.object({ id: shape.string });

/** Creates a lead. What the user can't mend is logged. */
export async function createLead(form: LeadForm): Promise<Created> {
  const request = http
    .post(`https://crm.example.com/v1/leads?team=${encodeURIComponent(config.get("team") ?? "sales")}`)
    .header("authorization", "Bearer {{secret:crm-key}}")
    .json({
      name: form.name.trim(),
      email: form.email.trim().toLowerCase(),
      company: form.company,
      employees: form.employees === null ? null : Number(form.employees),
      interest: form.interest,
      newsletter: form.newsletter,
    })
    .timeout(3000);
  let response: http.Response;
  try {
    response = await request.send();
  } catch (error) {
    if (error instanceof http.HttpError && (error.kind === "timeout" || error.kind === "unreachable")) {
      log.warn(error);
      return { kind: "failed" };
    }
    throw error;
  }
  switch (response.status) {
    case 201:
      return { kind: "created", id: response.json(CreatedLead).id };
    case 422:
      return { kind: "refused", wrong: { email: "We can't write to this address." } };
    default:
      log.warn(`the CRM answers with status ${response.status}`);
      return { kind: "failed" };
  }
}
