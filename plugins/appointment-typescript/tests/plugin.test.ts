import assert from "node:assert/strict";
import { test } from "node:test";

import { Conversation } from "@flowhost/sdk/testing";

import { isEmail, isPhone } from "../src/contact";
import plugin from "../src/plugin";

const APPOINTMENT = { department: "dental", location: "river", date: "2026-11-23", time: "10:30" };
const DETAILS = { name: " Ana Silva ", email: "ana@example.com", phone: "+55 11 91234-5678", more_details: "" };

/** On a Saturday. */
function start(): Conversation {
  return Conversation.start(plugin).withContext({ today: "2026-11-21" });
}

test("from the first screen to the booking", async () => {
  const chat = start();
  assert.equal((await chat.init()).screen, "APPOINTMENT");
  assert.equal((await chat.submit("APPOINTMENT", APPOINTMENT)).screen, "DETAILS");
  const summary = await chat.submit("DETAILS", DETAILS);
  assert.equal(summary.data["details"], "Ana Silva\nana@example.com\n+55 11 91234-5678");

  const { params } = await chat.submit("SUMMARY", { terms: true });

  assert.match(params?.["booking"], /^A-[0-9A-F]{8}$/);
  const words = "Dental care at Riverside clinic, Mon Nov 23 2026, 10:30";
  assert.deepEqual(chat.log, [{ level: "info", message: `booked ${params?.["booking"]}: ${words}` }]);
});

test("going back shows what was entered", async () => {
  const chat = start();
  await chat.submit("APPOINTMENT", APPOINTMENT);
  await chat.submit("DETAILS", DETAILS);

  assert.equal((await chat.back("SUMMARY")).data["chosen"].name, "Ana Silva");
  assert.deepEqual((await chat.back("DETAILS")).data["chosen"], APPOINTMENT);
});

test("email addresses and phone numbers", () => {
  for (const good of ["ana@example.com", "a.b+c@mail.example.co"]) {
    assert.ok(isEmail(good), good);
  }
  for (const bad of ["", "ana", "ana@", "@example.com", "ana@example", "ana@.com", "ana@example.", "a@b@c.de", "a na@x.de"]) {
    assert.ok(!isEmail(bad), bad);
  }
  for (const good of ["+55 11 91234-5678", "(020) 7946 0000", "1234567"]) {
    assert.ok(isPhone(good), good);
  }
  for (const bad of ["", "+", "123456", "1234567890123456", "call me", "12345678x", "++1234567", "1234567\n"]) {
    assert.ok(!isPhone(bad), bad);
  }
});
