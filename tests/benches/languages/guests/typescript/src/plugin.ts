// The handler that languages are compared with: it reads twenty slots, and shows those that are free.

import { config, flow, log, type Reply, screen, store } from "@flowhost/sdk";

import { SLOTS } from "./slots";

/** As a calendar's API gives it. */
interface Slot {
  id: string;
  day: string;
  time: string;
  free: boolean;
}

export default flow({
  init() {
    return freeSlots();
  },

  // Waits for the host first, which tells how much memory a call takes that is under way.
  async submit() {
    store.get("wait");
    return freeSlots();
  },
});

function freeSlots(): Reply {
  const slots = JSON.parse(SLOTS) as Slot[];
  const free = slots.filter((slot) => slot.free).map(({ id, day, time }) => ({ id, title: `${day}, ${time}` }));
  log.info(`${free.length} slots are free`);
  return screen("APPOINTMENT", { heading: config.get("heading") ?? "Free slots", slots: free });
}
