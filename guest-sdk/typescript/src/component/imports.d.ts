// The imports of the component, whose types the contract has.

declare module "flowhost:flow/log@1.0.0" {
  export const write: import("../contract.js").Log["write"];
}
declare module "flowhost:flow/config@1.0.0" {
  export const get: import("../contract.js").Config["get"];
}
declare module "flowhost:flow/store@1.0.0" {
  const store: import("../contract.js").Store;
  export const get: typeof store.get;
  export const set: typeof store.set;
  export const compareAndSet: typeof store.compareAndSet;
  export const list: typeof store.list;
  const deletion: typeof store.delete;
  export { deletion as delete };
}
declare module "flowhost:flow/http@1.0.0" {
  export const send: import("../contract.js").Http["send"];
}
declare module "flowhost:flow/media@1.0.0" {
  export const fetch: import("../contract.js").Media["fetch"];
}
declare module "wasi:random/random@0.2.0" {
  /** The count is a number of 64 bits. */
  export function getRandomBytes(count: number | bigint): Uint8Array;
}
