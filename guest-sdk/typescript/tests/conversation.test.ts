import assert from "node:assert/strict";
import { test } from "node:test";

import { badRequest, close, complete, config, flow, http, log, media, random, rejectToken, screen, screensOf, shape, store } from "@flowhost/sdk";
import { Conversation, Failure } from "@flowhost/sdk/testing";

const Customer = shape.object({ number: shape.number });

const plugin = flow({
  state: { visits: 0, coupon: "" },

  async init(_exchange, session) {
    session.state.visits += 1;
    await Promise.resolve();
    return screen("START", { visits: session.state.visits, customer: session.context(Customer)?.number ?? null });
  },

  async submit(exchange, session) {
    session.state.visits += 1;
    switch (exchange.screen) {
      case "USER":
        throw badRequest("Try again.");
      case "FAIL":
        throw new RangeError("out of places");
      case "CONFIG":
        return screen("CONFIG", { day: config.require("day") });
      case "TIME":
        return screen("TIME", { now: new Date().toISOString(), same: Date.now() === new Date().getTime(), one: Math.random() });
      case "HTTP":
        return screen("HTTP", { body: http.get("https://api.example.com").send().text() });
      case "JSON":
        return screen("JSON", http.get("https://api.example.com").send().json(shape.object({ prices: shape.list(shape.number) })));
      case "KEPT":
        return screen("KEPT", { any: store.get("code"), whole: store.get("code", shape.string) });
      case "ANY JSON":
        return screen("ANY JSON", { any: http.get("https://api.example.com").send().json() });
      case "FILES":
        return screen("FILES", { size: new media.Reference({ media_id: "1" }).fetch().length });
      case "STORE": {
        const entry = store.entry("visits", shape.number);
        const version = store.compareAndSet("visits", entry?.version ?? null, (entry?.value ?? 0) + 1);
        store.setFor("code", "4711", 300);
        return screen("STORE", { before: entry?.value ?? null, version, keys: store.list("", 10) });
      }
      case "LOG":
        console.warn("by", { the: "console" });
        log.debug("by the log");
        return screen("LOG", { id: random.id(8) });
      case "NOTHING":
        return undefined as never;
      case "LARGE":
        return screen("LARGE", { text: "x".repeat(300_000) });
      case "TOKEN":
        return rejectToken("It is over.");
      case "CLOSE":
        return close();
      default:
        return complete({ visits: session.state.visits });
    }
  },
});

async function failure(of: Promise<unknown>): Promise<Failure> {
  const error = await of.then(
    () => assert.fail("it does not fail"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof Failure, String(error));
  return error;
}

test("the state goes from call to call, and a failed call changes nothing", async () => {
  const chat = Conversation.start(plugin).withContext({ number: 7 });

  assert.deepEqual((await chat.init()).data, { visits: 1, customer: 7 });
  assert.equal((await chat.submit("USER")).error, "Try again.");
  assert.match((await failure(chat.submit("FAIL"))).message, /RangeError: out of places, at tests\/conversation\.test\.ts:\d+/);
  assert.deepEqual((await chat.submit("END")).params, { flow_token: "test-token", visits: 2 });
  assert.equal((await failure(chat.init())).kind, "token refused");
});

test("a context of another shape is a failure with its place", async () => {
  const { message } = await failure(Conversation.start(plugin).withContext({ number: "seven" }).init());

  const words = /DataError: the session's context does not fit: field "number": expected a number, but it is a text, at tests\/conversation\.test\.ts:\d+/;
  assert.match(message, words);
});

test("a state of an older version gets what it lacks", async () => {
  const chat = Conversation.start(plugin).resuming();
  chat.replaceState({ visits: 3 });

  await chat.init();

  assert.deepEqual(chat.state, { visits: 4, coupon: "" });
});

test("an exchange with a shared token stands alone", async () => {
  const chat = Conversation.start(plugin).withSharedToken();

  assert.equal((await chat.init()).data["visits"], 1);
  assert.equal((await chat.submit("END")).params?.["visits"], 1);
  assert.equal(chat.state, null);
});

test("the test plays the outside world", async () => {
  const chat = Conversation.start(plugin)
    .withConfig("day", "Monday")
    .withTime(new Date("2026-11-23T10:00:00Z"))
    .withHttp(({ method }) => new http.Response(200, method))
    .withMedia(() => new Uint8Array(5));
  await chat.init();

  assert.equal((await chat.submit("CONFIG")).data["day"], "Monday");
  assert.equal((await chat.submit("HTTP")).data["body"], "GET");
  assert.equal((await chat.submit("FILES")).data["size"], 5);
  chat.pass(60);
  const time = (await chat.submit("TIME")).data;
  assert.deepEqual([time["now"], time["same"]], ["2026-11-23T10:01:00.000Z", true]);
  const again = (await chat.submit("TIME")).data;
  assert.notEqual(time["one"], again["one"]);
  assert.ok(Math.abs(Date.now() - new Date().getTime()) < 1000 && new Date().getFullYear() >= 2026, "outside, it is now");
});

test("what the test does not give is not granted", async () => {
  const chat = Conversation.start(plugin);
  await chat.init();

  assert.match((await failure(chat.submit("CONFIG"))).message, /the flow has no setting "day"/);
  assert.match((await failure(chat.submit("HTTP"))).message, /HttpError: the request is not granted: the test gives no answers/);
  assert.match((await failure(chat.submit("FILES"))).message, /MediaError: media is not granted/);
});

test("the store is the conversation's, and its values expire", async () => {
  const chat = Conversation.start(plugin);
  await chat.init();

  assert.deepEqual((await chat.submit("STORE")).data, { before: null, version: "1", keys: ["code", "visits"] });
  chat.pass(301);
  assert.deepEqual(chat.store.list("", 10), ["visits"]);
  assert.equal((await chat.submit("STORE")).data["before"], 1);
  chat.store.fail("unavailable");
  assert.match((await failure(chat.submit("STORE"))).message, /StoreError: the store does not answer/);
});

test("a body and a stored value are read by their shapes", async () => {
  let body = '{"prices": [1, 2.5], "more": true}';
  const chat = Conversation.start(plugin).withHttp(() => new http.Response(200, body));
  await chat.init();

  assert.deepEqual((await chat.submit("JSON")).data, { prices: [1, 2.5] });
  assert.deepEqual((await chat.submit("ANY JSON")).data, { any: { prices: [1, 2.5], more: true } });
  body = '{"prices": ["of Ana"]}';
  const misfit = /DataError: the response's body does not fit: field "prices\[0\]": expected a number, but it is a text, at tests/;
  assert.match((await failure(chat.submit("JSON"))).message, misfit);
  body = "Ana";
  assert.match((await failure(chat.submit("JSON"))).message, /TypeError: the response's body is not JSON, at tests/);

  await chat.submit("STORE");
  assert.deepEqual((await chat.submit("KEPT")).data, { any: "4711", whole: "4711" });
  chat.store.set("code", new TextEncoder().encode('{"of": "Ana"}'), null);
  const kept = /StoreError: the value of code does not fit: expected a text, but it is an object, at tests/;
  assert.match((await failure(chat.submit("KEPT"))).message, kept);
});

test("log and console are one", async () => {
  const [chat, same] = [Conversation.start(plugin), Conversation.start(plugin)];
  await Promise.all([chat.init(), same.init()]);
  const [one, other] = await Promise.all([chat.submit("LOG"), same.submit("LOG")]);

  assert.deepEqual(chat.log, [
    { level: "warn", message: 'by {the: "console"}' },
    { level: "debug", message: "by the log" },
  ]);
  assert.deepEqual(one.data, other.data, "random numbers are the same in every run");
  assert.match(one.data["id"], /^[2-9A-HJ-NP-Z]{8}$/);
});

test("what a host would refuse is refused", async () => {
  const chat = Conversation.start(plugin);
  await chat.init();

  assert.match((await failure(chat.submit("NOTHING"))).message, /`submit` gave undefined, which is no reply/);
  assert.equal((await failure(chat.submit("LARGE"))).kind, "too large");
  assert.match((await failure(chat.back("START"))).message, /has refresh_on_back, but the flow has no `back`/);
  assert.equal((await chat.submit("TOKEN")).text, "It is over.");
  assert.match((await failure(chat.submit("END"))).message, /It is over/);
});

test("imports are there in a call only", () => {
  assert.throws(() => config.get("day"), /there is no config outside of a call/);
});

test("a report of the client's is logged if nobody takes it", async () => {
  const chat = Conversation.start(plugin);

  await chat.clientError("START", "invalid-screen-transition", "no way");
  await chat.clientError("START", 'a "new" key', '"no" way');

  assert.deepEqual(chat.log, [
    { level: "error", message: 'the client reports "invalid-screen-transition" on screen "START": no way' },
    { level: "error", message: 'the client reports "a \\"new\\" key" on screen "START": "no" way' },
  ]);
});

test("a screen without a form is named, not what `submit` gives for it", async () => {
  const { flow, show } = screensOf<{ FORM: { data: object; form: { name: string } }; RULES: { data: object } }>({ FORM: { name: "text" } });
  const chat = Conversation.start(
    flow({
      init: () => show("FORM", {}),
      submit(exchange) {
        switch (exchange.screen) {
          case "FORM":
            return complete({ name: exchange.form.name });
        }
      },
    }),
  );

  const failed = await failure(chat.submit("RULES"));

  assert.match(failed.message, /screen "RULES" does not fit: the Flow JSON has no form on this screen .*: FORM/);
});

test("the state's type is one that JSON gives back", () => {
  interface Booking {
    day: string | null;
    guests: { name: string; age?: number }[];
    notes: Record<string, unknown>;
  }
  const answers = { init: () => close(), submit: () => close() };
  const state: Booking = { day: null, guests: [], notes: {} };

  assert.ok(flow({ state, ...answers }));
  // @ts-expect-error: a date comes back as a text
  assert.ok(flow({ state: { day: new Date(0) as Date | null }, ...answers }));
  // @ts-expect-error: nothing comes back of a map
  assert.ok(flow({ state: { guests: [{ names: new Map<string, number>() }] }, ...answers }));
  // @ts-expect-error: JSON has no functions
  assert.ok(flow({ state: { next: () => 1 }, ...answers }));
});
