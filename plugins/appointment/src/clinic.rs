//! What the clinic offers: its departments, their locations, and their free times.
//!
//! A real clinic would ask its booking system here. This one computes its answers, so that the same
//! question always has the same answer and the example needs nothing else to run.

use flowhost_sdk::time::Date;

/// An entry of a list: the id that is stored, and the title that people read.
pub struct Entry {
    pub id: &'static str,
    pub title: &'static str,
}

const fn entry(id: &'static str, title: &'static str) -> Entry {
    Entry { id, title }
}

/// The departments that accept appointments.
pub const DEPARTMENTS: [Entry; 4] = [
    entry("general", "General practice"),
    entry("dental", "Dental care"),
    entry("skin", "Dermatology"),
    entry("eyes", "Eye care"),
];

const LOCATIONS: [Entry; 3] = [
    entry("centre", "City centre clinic"),
    entry("river", "Riverside clinic"),
    entry("north", "Northgate clinic"),
];

/// The times at which an appointment can begin on any day.
pub const TIMES: [&str; 6] = ["09:00", "10:30", "11:30", "14:00", "15:30", "16:30"];

/// How many weekdays ahead appointments can be booked: two weeks.
const DAYS_AHEAD: usize = 10;

/// The title of a department, if it exists.
pub fn department_title(id: &str) -> Option<&'static str> {
    DEPARTMENTS.iter().find(|department| department.id == id).map(|department| department.title)
}

/// The title of a location, if the department is there.
pub fn location_title(department: &str, id: &str) -> Option<&'static str> {
    locations_of(department).find(|location| location.id == id).map(|location| location.title)
}

/// The locations of a department; empty if it is unknown.
pub fn locations_of(department: &str) -> impl Iterator<Item = &'static Entry> {
    let ids: &[&str] = match department {
        "general" => &["centre", "river", "north"],
        "dental" => &["centre", "river"],
        "skin" => &["centre"],
        "eyes" => &["river", "north"],
        _ => &[],
    };
    LOCATIONS.iter().filter(|location| ids.contains(&location.id))
}

/// The days on which appointments can be booked.
pub fn days_after(today: Date) -> impl Iterator<Item = Date> {
    today.following().filter(|day| !day.is_weekend()).take(DAYS_AHEAD)
}

/// Whether an appointment is available. About two of three are, and 10:30 always is.
pub fn is_free(department: &str, location: &str, day: Date, time: &str) -> bool {
    time == "10:30" || !hash(&[department, location, &day.to_string(), time]).is_multiple_of(3)
}

/// FNV-1a over the words: a small function that mixes well enough and never changes.
pub fn hash(words: &[&str]) -> u32 {
    let bytes = words.iter().flat_map(|word| word.bytes().chain([0]));
    // The product's upper half mixes better than its lower bits, which a remainder uses.
    let mixed = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    (mixed >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_department_is_somewhere() {
        assert!(DEPARTMENTS.iter().all(|department| locations_of(department.id).count() > 0));
        assert_eq!(locations_of("cardiology").count(), 0);
        assert_eq!(location_title("skin", "north"), None);
    }

    #[test]
    fn about_two_of_three_appointments_are_free() {
        let today = "2026-11-21".parse().unwrap();
        let all: Vec<bool> = DEPARTMENTS
            .iter()
            .flat_map(|department| days_after(today).map(move |day| (department.id, day)))
            .flat_map(|(department, day)| TIMES.map(|time| is_free(department, "river", day, time)))
            .collect();
        let free = all.iter().filter(|free| **free).count();

        assert!((all.len() / 2..all.len() * 9 / 10).contains(&free), "{free} of {}", all.len());
    }
}
