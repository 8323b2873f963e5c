// Made from flow.json, and made anew with each build: `flowhost plugin types` does it alone. Not to be edited.

import { type DateRange, type Day, type JsonValue, type media, screensOf } from "@flowhost/sdk";

/** An entry of a list to choose from. */
export interface Item {
  id: string;
  title: string;
  image?: string;
}

/** The data of screen `MY_SCREEN`: Ask * / us */
export interface MyScreenData {
  /** For example `[{"id":"1","title":"* / 'x'"}]`. */
  list: Item[];
  known: {
    n: number;
    any?: JsonValue;
  };
  odd: Array<{
    a: boolean;
  }>;
}

/** The form of screen `MY_SCREEN`: what its `data_exchange` actions send. */
export interface MyScreenForm {
  /** `${form.name}` */
  name: string;
  /** `${form.alt}` */
  "alt-name": string | null;
  /** `${form.day}` */
  day: Day | null;
  /** `${form.stay}` */
  stay: DateRange;
  /** `${form.photos}` */
  photos: media.Reference[];
  /** `${form.terms}` */
  terms: boolean;
}

/** The data of screen `MYSCREEN`:  */
export type MyscreenData = Record<string, never>;

/** The data of screen `MyScreen`:  */
export type MyScreen2Data = Record<string, never>;

/** All screens: their data, and the forms that they send. */
export interface Screens {
  MY_SCREEN: { data: MyScreenData; form: MyScreenForm };
  MYSCREEN: { data: MyscreenData };
  MyScreen: { data: MyScreen2Data };
}

export const { flow, show } = screensOf<Screens>({
  MY_SCREEN: { name: "text", "alt-name": "text?", day: "date?", stay: "dateRange", photos: "files", terms: "bool" },
});
