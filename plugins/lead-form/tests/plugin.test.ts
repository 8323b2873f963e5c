import assert from "node:assert/strict";
import { test } from "node:test";

import { http } from "@flowhost/sdk";
import { Conversation, Failure } from "@flowhost/sdk/testing";

import plugin from "../src/plugin";

const ANA = { name: " Ana Silva ", email: "Ana@Example.com", company: "", employees: "12", interest: "solar", newsletter: true };

test("a lead reaches the CRM once", async () => {
  const sent: unknown[] = [];
  const chat = Conversation.start(plugin).withHttp((request) => {
    sent.push(JSON.parse(request.bodyText()));
    assert.equal(request.url, "https://crm.example.com/v1/leads?team=sales");
    assert.equal(request.headerValue("Authorization"), "Bearer {{secret:crm-key}}");
    return new http.Response(201, JSON.stringify({ id: "L-17" }));
  });
  await chat.init();

  const done = await chat.submit("LEAD", ANA);
  const again = await chat.submit("LEAD", ANA);
  const end = await chat.submit("DONE", { lead: "L-17" });

  assert.deepEqual([done.screen, done.data["heading"]], ["DONE", "Thank you, Ana Silva!"]);
  assert.deepEqual(again.data, done.data);
  const lead = { name: "Ana Silva", email: "ana@example.com", company: null, employees: 12, interest: "solar", newsletter: true };
  assert.deepEqual(sent, [lead]);
  assert.equal(end.params?.["lead"], "L-17");
  assert.deepEqual(chat.log, [{ level: "info", message: "lead L-17, about solar" }]);
});

test("each wrong field has its text, and nothing typed is lost", async () => {
  const chat = Conversation.start(plugin);
  await chat.init();

  const answer = await chat.submit("LEAD", { ...ANA, name: " ", email: "ana", employees: "a dozen" });

  assert.deepEqual(Object.keys(answer.data["wrong"]), ["name", "email", "employees"]);
  assert.equal(answer.data["typed"].email, "ana");
  assert.equal(answer.data["typed"].interest, "solar");
});

test("a CRM that is down is not the user's fault", async () => {
  const chat = Conversation.start(plugin).withHttp(() => {
    throw new http.HttpError("timeout");
  });
  await chat.init();

  const answer = await chat.submit("LEAD", ANA);

  assert.equal(answer.error, "That did not work. Please try again in a minute.");
  assert.match(chat.log[0]?.message ?? "", /^HttpError: the request took too long, at .*crm\.ts:\d+/);
});

test("an answer without an id is an error with its place", async () => {
  const chat = Conversation.start(plugin).withHttp(() => new http.Response(201, "{}"));
  await chat.init();

  await assert.rejects(chat.submit("LEAD", ANA), (error: unknown) => {
    assert.ok(error instanceof Failure && error.kind === "internal");
    assert.match(error.message, /DataError: the response's body does not fit: field "id": expected a text, but it is missing, at src\/crm\.ts:\d+ \(createLead\)/);
    return true;
  });
});
