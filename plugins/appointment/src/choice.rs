//! What the user has picked on screen APPOINTMENT, and which lists that opens.

use serde::{Deserialize, Serialize};

use crate::calendar::Day;
use crate::clinic;

/// The picks so far. The form of screen APPOINTMENT, and what its dropdowns send when they change.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Choice {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

/// The data of screen APPOINTMENT, as `flow.json` declares it.
#[derive(Serialize)]
pub struct Lists<'a> {
    department: Vec<Item>,
    location: Vec<Item>,
    is_location_enabled: bool,
    date: Vec<Item>,
    is_date_enabled: bool,
    time: Vec<Item>,
    is_time_enabled: bool,
    chosen: &'a Choice,
}

/// One line of a dropdown.
#[derive(Serialize)]
struct Item {
    id: String,
    title: String,
    enabled: bool,
}

/// An appointment that can be had.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Slot {
    pub department: String,
    pub location: String,
    pub date: String,
    pub time: String,
}

impl Choice {
    /// Keeps the picks that can be had, up to the first that cannot: when the department changes, the location picked
    /// before may not be one of its own.
    pub fn checked(self, today: Day) -> Self {
        let department = self.department.filter(|id| clinic::department_title(id).is_some());
        let location = department
            .as_deref()
            .and_then(|department| self.location.filter(|id| clinic::location_title(department, id).is_some()));
        let date =
            location.as_ref().and_then(|_| self.date.filter(|date| clinic::days_after(today).any(|day| day.to_string() == *date)));
        let time = match (&department, &location, date.as_deref().and_then(Day::parse)) {
            (Some(department), Some(location), Some(day)) => {
                self.time.filter(|time| clinic::TIMES.contains(&time.as_str()) && clinic::is_free(department, location, day, time))
            }
            _ => None,
        };
        Choice { department, location, date, time }
    }

    /// The lists of a checked choice: each opens when the one before is picked.
    pub fn lists(&self, today: Day) -> Lists<'_> {
        let department = clinic::DEPARTMENTS.iter().map(|entry| item(entry.id, entry.title)).collect();
        let location = self
            .department
            .as_deref()
            .map(|department| clinic::locations_of(department).map(|entry| item(entry.id, entry.title)).collect::<Vec<_>>());
        let date = self
            .location
            .as_ref()
            .map(|_| clinic::days_after(today).map(|day| item(&day.to_string(), &day.title())).collect::<Vec<_>>());
        let time = self.times();
        Lists {
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

    /// The times of the day picked; those that are taken cannot be picked.
    fn times(&self) -> Option<Vec<Item>> {
        let (department, location) = (self.department.as_deref()?, self.location.as_deref()?);
        let day = Day::parse(self.date.as_deref()?)?;
        let line = |time: &&str| Item { enabled: clinic::is_free(department, location, day, time), ..item(time, time) };
        Some(clinic::TIMES.iter().map(line).collect())
    }

    /// The appointment, if the choice is complete and can be had; else what to tell the user.
    pub fn slot(&self, today: Day) -> Result<Slot, &'static str> {
        let checked = self.clone().checked(today);
        let department = checked.department.ok_or("Please choose a department.")?;
        let location = checked.location.ok_or("Please choose a location of this department.")?;
        let date = checked.date.ok_or("This date is not offered. Please choose one of the list.")?;
        let time = checked.time.ok_or("This time is no longer free. Please choose another one.")?;
        Ok(Slot { department, location, date, time })
    }
}

impl Slot {
    /// The appointment as a choice, to show it again or to check it once more.
    pub fn choice(&self) -> Choice {
        Choice {
            department: Some(self.department.clone()),
            location: Some(self.location.clone()),
            date: Some(self.date.clone()),
            time: Some(self.time.clone()),
        }
    }

    /// For people: `Dental care at Riverside clinic, Mon Nov 23 2026, 10:30`.
    pub fn describe(&self) -> String {
        let department = clinic::department_title(&self.department).unwrap_or(&self.department);
        let location = clinic::location_title(&self.department, &self.location).unwrap_or(&self.location);
        let day = Day::parse(&self.date).map_or_else(|| self.date.clone(), Day::title);
        format!("{department} at {location}, {day}, {}", self.time)
    }
}

fn item(id: &str, title: &str) -> Item {
    Item { id: id.to_owned(), title: title.to_owned(), enabled: true }
}

/// A dropdown needs one line at least, also while it is closed.
fn closed(hint: &str) -> Vec<Item> {
    vec![Item { enabled: false, ..item("none", hint) }]
}
