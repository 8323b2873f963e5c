import assert from "node:assert/strict";
import { test } from "node:test";

import { Conversation } from "@flowhost/sdk/testing";

import plugin from "../src/plugin";

test("a name of spaces is none", async () => {
  const chat = Conversation.start(plugin);
  await chat.init();

  const answer = await chat.submit("QUESTION", { topic: "other", name: "  ", question: "Why?" });

  assert.equal(answer.error, "Please tell us your name.");
});
