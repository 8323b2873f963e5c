//! Time zones, judged by transitions that anybody can look up, and by another reader of the time
//! zone database.

use flowhost_sdk::time::{Date, LocalTime, Timestamp, Zone, zone};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

/// Zones with summer time in the north and the south, without it, with a history of either, with
/// odd offsets, and with clocks that are set by half an hour.
const ZONES: [Zone; 14] = [
    zone!("UTC"),
    zone!("Europe/Lisbon"),
    zone!("Europe/Madrid"),
    zone!("America/Sao_Paulo"),
    zone!("America/Manaus"),
    zone!("America/Mexico_City"),
    zone!("America/New_York"),
    zone!("America/St_Johns"),
    zone!("Asia/Kolkata"),
    zone!("Asia/Kathmandu"),
    zone!("Asia/Jakarta"),
    zone!("Australia/Lord_Howe"),
    zone!("Africa/Casablanca"),
    zone!("Pacific/Apia"),
];

fn moment(text: &str) -> Timestamp {
    let judged: jiff::Timestamp = text.parse().expect("the test knows what a time is");
    Timestamp::from_unix_seconds(judged.as_second())
}

fn day(text: &str) -> Date {
    text.parse().expect("the test knows what a time is")
}

fn minutes(zone: Zone, at: &str) -> i16 {
    zone.offset(moment(at)).total_minutes()
}

#[test]
fn lisbon_changes_on_the_last_sundays_of_march_and_october() {
    let lisbon = zone!("Europe/Lisbon");

    assert_eq!(minutes(lisbon, "2026-03-29T00:59:59Z"), 0);
    assert_eq!(minutes(lisbon, "2026-03-29T01:00:00Z"), 60);
    assert_eq!(minutes(lisbon, "2026-10-25T00:59:59Z"), 60);
    assert_eq!(minutes(lisbon, "2026-10-25T01:00:00Z"), 0);
    // Portugal kept Central European time from 1992 to 1996.
    assert_eq!(minutes(lisbon, "1994-07-01T12:00:00Z"), 120);
}

#[test]
fn brazil_gave_up_summer_time_in_2019() {
    let sao_paulo = zone!("America/Sao_Paulo");

    // The last summer ended at midnight of 2019-02-17, by clocks two hours behind UTC.
    assert_eq!(minutes(sao_paulo, "2019-02-17T01:59:59Z"), -120);
    assert_eq!(minutes(sao_paulo, "2019-02-17T02:00:00Z"), -180);
    assert_eq!(minutes(sao_paulo, "2019-12-15T12:00:00Z"), -180);
    assert_eq!(minutes(sao_paulo, "2026-12-15T12:00:00Z"), -180);
    assert_eq!(sao_paulo.date(moment("2026-11-23T02:59:59Z")), day("2026-11-22"));
}

/// So the database is the one of 2026 at least.
#[test]
fn vancouver_set_its_clocks_for_the_last_time_in_march_2026() {
    let vancouver = zone!("America/Vancouver");

    assert_eq!(minutes(vancouver, "2026-03-08T09:59:59Z"), -480);
    assert_eq!(minutes(vancouver, "2026-03-08T10:00:00Z"), -420);
    assert_eq!(minutes(vancouver, "2026-12-15T12:00:00Z"), -420);
}

#[test]
fn india_is_five_and_a_half_hours_ahead_all_year() {
    let kolkata = zone!("Asia/Kolkata");

    for at in ["1970-01-01T00:00:00Z", "2026-06-21T12:00:00Z", "2099-12-21T12:00:00Z"] {
        assert_eq!(minutes(kolkata, at), 330);
    }
    assert_eq!(kolkata.hour_and_minute(moment("2026-11-22T23:30:00Z")), (5, 0));
}

#[test]
fn a_time_that_the_clock_skips_is_read_as_if_it_had_not_been_set() {
    let lisbon = zone!("Europe/Lisbon");
    let skipped = lisbon.moment(day("2026-03-29"), 1, 30);

    assert_eq!(skipped, LocalTime::Skipped(moment("2026-03-29T01:30:00Z")));
    assert_eq!(lisbon.hour_and_minute(skipped.usual()), (2, 30));
    assert_eq!(skipped.only(), None);
    // In Brazil it was midnight that was skipped, so the day began at 01:00.
    let begins = zone!("America/Sao_Paulo").moment(day("2018-11-04"), 0, 0);
    assert_eq!(begins, LocalTime::Skipped(moment("2018-11-04T03:00:00Z")));
}

#[test]
fn a_time_that_the_clock_shows_twice_has_two_moments() {
    let lisbon = zone!("Europe/Lisbon");
    let twice = lisbon.moment(day("2026-10-25"), 1, 30);

    let (first, second) = (moment("2026-10-25T00:30:00Z"), moment("2026-10-25T01:30:00Z"));
    assert_eq!(twice, LocalTime::Twice(first, second));
    assert_eq!((twice.usual(), twice.only()), (first, None));
    let after = lisbon.moment(day("2026-10-25"), 2, 0);
    assert_eq!(after, LocalTime::Once(moment("2026-10-25T02:00:00Z")));
}

#[test]
fn hours_past_the_end_of_a_day_run_on_into_the_next() {
    let new_york = zone!("America/New_York");

    let midnight = new_york.moment(day("2026-11-23"), 24, 0);
    assert_eq!(midnight, new_york.moment(day("2026-11-24"), 0, 0));
    assert_eq!(midnight.only(), Some(moment("2026-11-24T05:00:00Z")));
}

#[test]
fn before_1970_and_after_2099_clocks_stay_as_they_were() {
    let lisbon = zone!("Europe/Lisbon");

    assert_eq!(minutes(lisbon, "1950-07-01T12:00:00Z"), 60);
    assert_eq!(minutes(lisbon, "2100-07-01T12:00:00Z"), 0);
    for end in [i64::MIN, i64::MAX] {
        let far = lisbon.date(Timestamp::from_unix_millis(end));
        assert_ne!(lisbon.moment(far, 0, 0).usual().unix_millis(), 0);
    }
}

#[test]
fn offsets_are_those_that_another_reader_of_the_database_finds() {
    for zone in ZONES {
        let theirs = judge(zone);
        let quarter_days = (0..YEAR_2100).step_by(6 * 60 * 60);
        let around = changes(&theirs).into_iter().flat_map(|change| [change - 1, change]);
        for seconds in quarter_days.chain(around) {
            let ours = zone.offset(Timestamp::from_unix_seconds(seconds)).total_minutes();
            let at = jiff::Timestamp::from_second(seconds).unwrap();
            assert_eq!(i32::from(ours) * 60, theirs.to_offset(at).seconds(), "{zone:?} at {at}");
        }
    }
}

#[test]
fn local_times_mean_what_another_reader_of_the_database_says() {
    for zone in ZONES {
        let theirs = judge(zone);
        for change in changes(&theirs) {
            for quarter in -120..120 {
                compare(zone, &theirs, change + quarter * 15 * 60);
            }
        }
    }
}

/// Reads what a UTC clock shows at this moment as a local time.
fn compare(zone: Zone, theirs: &TimeZone, seconds: i64) {
    let shown = jiff::Timestamp::from_second(seconds).expect("within what is known");
    let shown = jiff::tz::Offset::UTC.to_datetime(shown);
    let (hour, minute) = (shown.hour() as u8, shown.minute() as u8);
    let ours = zone.moment(day(&shown.date().to_string()), hour, minute);

    let at = |offset: jiff::tz::Offset| {
        let shown = shown.with().second(0).build().expect("within what is known");
        Timestamp::from_unix_seconds(
            offset.to_timestamp(shown).expect("within what is known").as_second(),
        )
    };
    let judged = match theirs.to_ambiguous_timestamp(shown).offset() {
        AmbiguousOffset::Unambiguous { offset } => LocalTime::Once(at(offset)),
        AmbiguousOffset::Gap { before, .. } => LocalTime::Skipped(at(before)),
        AmbiguousOffset::Fold { before, after } => LocalTime::Twice(at(before), at(after)),
    };
    assert_eq!(ours, judged, "{} shows {shown}", zone.name());
}

fn judge(zone: Zone) -> TimeZone {
    TimeZoneDatabase::bundled().get(zone.name()).expect("within what is known")
}

/// Seconds since 1970 at which something changes, until 2099.
fn changes(zone: &TimeZone) -> Vec<i64> {
    let following = zone.following(jiff::Timestamp::UNIX_EPOCH);
    following
        .map(|change| change.timestamp().as_second())
        .take_while(|at| *at < YEAR_2100)
        .collect()
}

/// 2100-01-01 00:00 UTC.
const YEAR_2100: i64 = 4_102_444_800;
