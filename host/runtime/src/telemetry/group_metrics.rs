//! The metrics of work that is done in groups.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Debug, Default)]
pub(super) struct GroupMetrics {
    groups: Family<GroupLabel, Counter>,
    members: Family<GroupLabel, Counter>,
    turned_back: Family<GroupLabel, Counter>,
}

/// The metrics of one kind of work. The series of `default()` are not registered, so they are not
/// shown.
#[derive(Clone, Debug, Default)]
pub struct GroupSeries {
    groups: Counter,
    members: Counter,
    turned_back: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GroupLabel {
    work: &'static str,
}

impl GroupMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "groups",
            "Statements that did the work of several turns at once",
            self.groups.clone(),
        );
        registry.register(
            "group_members",
            "Turns that were in such a statement",
            self.members.clone(),
        );
        registry.register(
            "group_members_turned_back",
            "Turns that were in such a statement and had to be tried alone after it",
            self.turned_back.clone(),
        );
    }

    pub(super) fn of(&self, work: &'static str) -> GroupSeries {
        let label = GroupLabel { work };
        GroupSeries {
            groups: self.groups.get_or_create_owned(&label),
            members: self.members.get_or_create_owned(&label),
            turned_back: self.turned_back.get_or_create_owned(&label),
        }
    }
}

impl GroupSeries {
    /// Counts a group of `members`, of which `answered` got an answer.
    pub fn travelled(&self, members: usize, answered: usize) {
        self.groups.inc();
        self.members.inc_by(members as u64);
        self.turned_back.inc_by(members.saturating_sub(answered) as u64);
    }
}
