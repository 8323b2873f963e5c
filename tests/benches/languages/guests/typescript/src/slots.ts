/** What a calendar's API gives: the same text in all languages. */
export const SLOTS = `[
  {"id": "slot-01", "day": "Monday", "time": "09:00", "doctor": "Dr. Lima", "free": true},
  {"id": "slot-02", "day": "Monday", "time": "09:30", "doctor": "Dr. Souza", "free": false},
  {"id": "slot-03", "day": "Monday", "time": "10:15", "doctor": "Dr. Okafor", "free": true},
  {"id": "slot-04", "day": "Monday", "time": "14:00", "doctor": "Dr. Lima", "free": true},
  {"id": "slot-05", "day": "Monday", "time": "16:45", "doctor": "Dr. Souza", "free": false},
  {"id": "slot-06", "day": "Tuesday", "time": "09:00", "doctor": "Dr. Okafor", "free": true},
  {"id": "slot-07", "day": "Tuesday", "time": "09:30", "doctor": "Dr. Lima", "free": true},
  {"id": "slot-08", "day": "Tuesday", "time": "10:15", "doctor": "Dr. Souza", "free": false},
  {"id": "slot-09", "day": "Tuesday", "time": "14:00", "doctor": "Dr. Okafor", "free": true},
  {"id": "slot-10", "day": "Tuesday", "time": "16:45", "doctor": "Dr. Lima", "free": true},
  {"id": "slot-11", "day": "Wednesday", "time": "09:00", "doctor": "Dr. Souza", "free": false},
  {"id": "slot-12", "day": "Wednesday", "time": "09:30", "doctor": "Dr. Okafor", "free": true},
  {"id": "slot-13", "day": "Wednesday", "time": "10:15", "doctor": "Dr. Lima", "free": true},
  {"id": "slot-14", "day": "Wednesday", "time": "14:00", "doctor": "Dr. Souza", "free": false},
  {"id": "slot-15", "day": "Wednesday", "time": "16:45", "doctor": "Dr. Okafor", "free": true},
  {"id": "slot-16", "day": "Thursday", "time": "09:00", "doctor": "Dr. Lima", "free": true},
  {"id": "slot-17", "day": "Thursday", "time": "09:30", "doctor": "Dr. Souza", "free": false},
  {"id": "slot-18", "day": "Thursday", "time": "10:15", "doctor": "Dr. Okafor", "free": true},
  {"id": "slot-19", "day": "Thursday", "time": "14:00", "doctor": "Dr. Lima", "free": true},
  {"id": "slot-20", "day": "Thursday", "time": "16:45", "doctor": "Dr. Souza", "free": false}
]`;
