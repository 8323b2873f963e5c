//! `--retention NAME=DAYS`, of a tenant and of a flow.

use clap::Args;
use serde_json::{Map, Value};

/// How long what exchanges leave is kept; what is not given stays.
#[derive(Args, Default)]
pub(crate) struct RetentionArgs {
    /// For how many days something is kept, for example sessions_days=14, or =default; may be given
    /// several times
    #[arg(long = "retention", value_name = "NAME=DAYS", value_parser = parse_days)]
    days: Vec<(String, Option<u32>)>,
}

impl RetentionArgs {
    /// The fields of a patch; `None` if none was given.
    pub(crate) fn fields(&self) -> Option<Map<String, Value>> {
        let fields = self.days.iter().map(|(name, days)| (name.clone(), Value::from(*days)));
        (!self.days.is_empty()).then(|| fields.collect())
    }
}

fn parse_days(text: &str) -> Result<(String, Option<u32>), String> {
    let (name, days) =
        text.split_once('=').ok_or("it is NAME=DAYS, for example sessions_days=14")?;
    match days {
        "default" => Ok((name.to_owned(), None)),
        number => number
            .parse()
            .map(|days| (name.to_owned(), Some(days)))
            .map_err(|_| format!("{number:?} is no number of days, and not default")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_a_number_or_the_default() {
        assert_eq!(parse_days("sessions_days=14"), Ok(("sessions_days".to_owned(), Some(14))));
        assert_eq!(parse_days("sessions_days=default"), Ok(("sessions_days".to_owned(), None)));
        for wrong in ["sessions_days", "sessions_days=", "sessions_days=-1", "sessions_days=a week"]
        {
            assert!(parse_days(wrong).is_err(), "{wrong}");
        }
    }
}
