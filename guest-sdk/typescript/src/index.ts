/// <reference path="./globals.d.ts" />
// The SDK: what a plugin imports. README.md in this package shows it at work.

export * as config from "./config.js";
export type { Action } from "./contract.js";
export { BadRequest, badRequest, DataError } from "./error.js";
export type { ClientError, Exchange } from "./exchange.js";
export { Flow, flow, type Handlers, type ScreenTypes, type Submitted, screensOf, type WentBack } from "./flow.js";
export type { DateRange, Day, FieldType, FormTypes } from "./form.js";
export * as http from "./http.js";
export type { JsonObject, JsonValue } from "./json.js";
export * as log from "./log.js";
export * as media from "./media.js";
export * as random from "./random.js";
export { close, complete, Reply, rejectToken, screen } from "./reply.js";
export type { Session } from "./session.js";
export * as shape from "./shape.js";
export * as store from "./store.js";
