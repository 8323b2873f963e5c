//! What the user has picked on screen APPOINTMENT, and which lists that opens.

use flowhost_sdk::time::Date;
use serde::{Deserialize, Serialize};

use crate::clinic;
use crate::screens::appointment::{Chosen, Form};
use crate::screens::{self, Item};

/// An appointment that is available.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Slot {
    pub department: String,
    pub location: String,
    pub date: Date,
    pub time: String,
}

/// The button and the dropdowns of screen APPOINTMENT both send this form.
impl From<Form> for Chosen {
    fn from(form: Form) -> Self {
        Chosen {
            department: form.department,
            location: form.location,
            date: form.date,
            time: form.time,
        }
    }
}

impl Chosen {
    /// Keeps the picks up to the first that is unavailable: when the department changes, the
    /// location picked before may not be one of its own.
    pub fn checked(self, today: Date) -> Self {
        let department = self.department.filter(|id| clinic::department_title(id).is_some());
        let location = department.as_deref().and_then(|department| {
            self.location.filter(|id| clinic::location_title(department, id).is_some())
        });
        let date = location.as_ref().and_then(|_| {
            self.date.filter(|date| clinic::days_after(today).any(|day| day.to_string() == *date))
        });
        let time = match (&department, &location, date.as_deref().and_then(day)) {
            (Some(department), Some(location), Some(day)) => self.time.filter(|time| {
                clinic::TIMES.contains(&time.as_str())
                    && clinic::is_free(department, location, day, time)
            }),
            _ => None,
        };
        Chosen { department, location, date, time }
    }

    /// The screen with the lists of a checked choice. Each list opens when the one before has a
    /// pick.
    pub fn screen(self, today: Date) -> screens::Appointment {
        let department =
            clinic::DEPARTMENTS.iter().map(|entry| item(entry.id, entry.title)).collect();
        let location = self.department.as_deref().map(|department| {
            clinic::locations_of(department)
                .map(|entry| item(entry.id, entry.title))
                .collect::<Vec<_>>()
        });
        let date = self.location.as_ref().map(|_| {
            clinic::days_after(today)
                .map(|day| item(day.to_string(), day.title()))
                .collect::<Vec<_>>()
        });
        let time = self.times();
        screens::Appointment {
            department,
            is_location_enabled: location.is_some(),
            location: location.unwrap_or_else(|| closed("Choose a department first")),
            is_date_enabled: date.is_some(),
            date: date.unwrap_or_else(|| closed("Choose a location first")),
            is_time_enabled: time.is_some(),
            time: time.unwrap_or_else(|| closed("Choose a date first")),
            chosen: self,
        }
    }

    /// The times of the picked day. Taken times can't be picked.
    fn times(&self) -> Option<Vec<Item>> {
        let (department, location) = (self.department.as_deref()?, self.location.as_deref()?);
        let day = day(self.date.as_deref()?)?;
        let line = |time: &&str| Item {
            enabled: Some(clinic::is_free(department, location, day, time)),
            ..Item::new(*time, *time)
        };
        Some(clinic::TIMES.iter().map(line).collect())
    }

    /// The appointment if the choice is complete and available; otherwise a text for the user.
    pub fn slot(&self, today: Date) -> Result<Slot, &'static str> {
        let checked = self.clone().checked(today);
        let department = checked.department.ok_or("Please choose a department.")?;
        let location = checked.location.ok_or("Please choose a location of this department.")?;
        let date = checked
            .date
            .as_deref()
            .and_then(day)
            .ok_or("This date is not offered. Please choose one of the list.")?;
        let time = checked.time.ok_or("This time is no longer free. Please choose another one.")?;
        Ok(Slot { department, location, date, time })
    }
}

impl Slot {
    /// The appointment as a choice, to show or check it again.
    pub fn choice(&self) -> Chosen {
        Chosen {
            department: Some(self.department.clone()),
            location: Some(self.location.clone()),
            date: Some(self.date.to_string()),
            time: Some(self.time.clone()),
        }
    }

    /// Text for people: `Dental care at Riverside clinic, Mon Nov 23 2026, 10:30`.
    pub fn describe(&self) -> String {
        let department = clinic::department_title(&self.department).unwrap_or(&self.department);
        let location =
            clinic::location_title(&self.department, &self.location).unwrap_or(&self.location);
        format!("{department} at {location}, {}, {}", self.date.title(), self.time)
    }
}

/// The day that an id in the list stands for.
fn day(id: &str) -> Option<Date> {
    id.parse().ok()
}

fn item(id: impl Into<String>, title: impl Into<String>) -> Item {
    Item { enabled: Some(true), ..Item::new(id, title) }
}

/// A dropdown needs at least one entry, even while it is closed.
fn closed(hint: &str) -> Vec<Item> {
    vec![Item { enabled: Some(false), ..Item::new("none", hint) }]
}
