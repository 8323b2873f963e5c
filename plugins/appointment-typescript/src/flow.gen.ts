// Made from flow.json, and made anew with each build: `flowhost plugin types` does it alone. Not to be edited.

import { screensOf } from "@flowhost/sdk";

/** An entry of a list to choose from. */
export interface Item {
  id: string;
  title: string;
  enabled?: boolean;
}

/** The data of screen `APPOINTMENT`: Appointment */
export interface AppointmentData {
  /** For example `[{"id":"general","title":"General practice","enabled":true},{"id":"dental","titl`. */
  department: Item[];
  /** For example `[{"id":"centre","title":"City centre clinic","enabled":true},{"id":"river","titl`. */
  location: Item[];
  /** For example `true`. */
  is_location_enabled: boolean;
  /** For example `[{"id":"2026-11-23","title":"Mon Nov 23 2026","enabled":true},{"id":"2026-11-24"`. */
  date: Item[];
  /** For example `true`. */
  is_date_enabled: boolean;
  /** For example `[{"id":"09:00","title":"09:00","enabled":false},{"id":"10:30","title":"10:30","e`. */
  time: Item[];
  /** For example `true`. */
  is_time_enabled: boolean;
  /** For example `{}`. */
  chosen: {
    department?: string;
    location?: string;
    date?: string;
    time?: string;
  };
}

/** The form of screen `APPOINTMENT`: what its `data_exchange` actions send. */
export interface AppointmentForm {
  /** `department_selected` */
  trigger: string | null;
  /** `${form.department}` */
  department: string | null;
  /** `${form.location}` */
  location: string | null;
  /** `${form.date}` */
  date: string | null;
  /** `${form.time}` */
  time: string | null;
}

/** The data of screen `DETAILS`: Your details */
export interface DetailsData {
  /** For example `"Dental care at Riverside clinic, Mon Nov 23 2026, 10:30"`. */
  appointment: string;
  /** For example `{}`. */
  chosen: {
    name?: string;
    email?: string;
    phone?: string;
    more_details?: string;
  };
}

/** The form of screen `DETAILS`: what its `data_exchange` actions send. */
export interface DetailsForm {
  /** `${form.name}` */
  name: string;
  /** `${form.email}` */
  email: string;
  /** `${form.phone}` */
  phone: string;
  /** `${form.more_details}` */
  more_details: string | null;
}

/** The data of screen `SUMMARY`: Summary */
export interface SummaryData {
  /** For example `"Dental care at Riverside clinic, Mon Nov 23 2026, 10:30"`. */
  appointment: string;
  /** For example `"Ana Silva\nana@example.com\n+55 11 91234-5678"`. */
  details: string;
}

/** The form of screen `SUMMARY`: what its `data_exchange` actions send. */
export interface SummaryForm {
  /** `${form.terms}` */
  terms: boolean;
}

/** The data of screen `TERMS`: Terms */
export type TermsData = Record<string, never>;

/** All screens: their data, and the forms that they send. */
export interface Screens {
  APPOINTMENT: { data: AppointmentData; form: AppointmentForm };
  DETAILS: { data: DetailsData; form: DetailsForm };
  SUMMARY: { data: SummaryData; form: SummaryForm };
  TERMS: { data: TermsData };
}

export const { flow, show } = screensOf<Screens>({
  APPOINTMENT: { trigger: "text?", department: "text?", location: "text?", date: "text?", time: "text?" },
  DETAILS: { name: "text", email: "text", phone: "text", more_details: "text?" },
  SUMMARY: { terms: "bool" },
});
