//! The user that PostgreSQL runs as, and whether that user can reach a folder. PostgreSQL refuses
//! root.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User, getegid, geteuid};

use super::error::PostgresError;

/// The user that owns the cluster and runs the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RunUser {
    /// The name that messages show.
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Whether this process is root and must switch to the user; otherwise it already runs as the
    /// user.
    pub(super) switch: bool,
}

impl RunUser {
    /// For a new cluster: the current user. For root it is `postgres`, or `nobody` if there is no
    /// such user.
    pub(super) fn for_new_cluster() -> Result<RunUser, PostgresError> {
        if !geteuid().is_root() {
            return Ok(RunUser::current());
        }
        let known = ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| User::from_name(name).ok().flatten());
        let user = known.ok_or(PostgresError::NoRunUser)?;
        Ok(RunUser {
            name: user.name,
            uid: user.uid.as_raw(),
            gid: user.gid.as_raw(),
            switch: true,
        })
    }

    /// For an existing cluster: its owner. That may be a different user than root would choose
    /// today, for example if an ordinary user made the cluster. `None` if this process can't become
    /// the owner, or if the owner is root.
    pub(super) fn owner_of(folder: &Metadata) -> Option<RunUser> {
        if folder.uid() == geteuid().as_raw() {
            return (!geteuid().is_root()).then(RunUser::current);
        }
        geteuid().is_root().then(|| RunUser {
            name: name_of(folder.uid()),
            uid: folder.uid(),
            gid: folder.gid(),
            switch: true,
        })
    }

    fn current() -> RunUser {
        let uid = geteuid().as_raw();
        RunUser { name: name_of(uid), uid, gid: getegid().as_raw(), switch: false }
    }

    /// Gives a folder to this user, unless this process already runs as the user.
    pub(super) fn take_over(&self, folder: &Path) -> io::Result<()> {
        if self.switch { chown(folder, Some(self.uid), Some(self.gid)) } else { Ok(()) }
    }

    /// The first folder from `/` down to `folder`, inclusive, that the user may not search.
    /// `folder` is absolute and has no links.
    pub(super) fn barred_at(&self, folder: &Path) -> io::Result<Option<PathBuf>> {
        let mut way: Vec<_> = folder.ancestors().collect();
        way.reverse();
        for rung in way {
            let metadata = rung.metadata()?;
            if !may_search(self.uid, self.gid, metadata.uid(), metadata.gid(), metadata.mode()) {
                return Ok(Some(rung.to_owned()));
            }
        }
        Ok(None)
    }
}

/// POSIX's rule: the first class that fits (owner, group, others) decides alone. The user has no
/// further groups, since they are dropped with root's rights. Access control lists are not
/// considered.
fn may_search(user: u32, group: u32, owner: u32, owner_group: u32, mode: u32) -> bool {
    let class = match () {
        () if user == owner => mode >> 6,
        () if group == owner_group => mode >> 3,
        () => mode,
    };
    class & 0o1 != 0
}

fn name_of(uid: u32) -> String {
    let known = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    known.map_or_else(|| format!("uid {uid}"), |user| user.name)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_first_class_that_fits_decides() {
        assert!(may_search(100, 200, 0, 0, 0o711));
        assert!(!may_search(100, 200, 0, 0, 0o700));
        assert!(may_search(100, 200, 0, 200, 0o710));
        assert!(!may_search(100, 200, 0, 200, 0o701));
        assert!(may_search(100, 200, 100, 0, 0o100));
        assert!(!may_search(100, 200, 100, 200, 0o077));
    }

    #[test]
    fn names_the_topmost_folder_that_bars_the_way() {
        let top = tempfile::tempdir_in("/tmp").unwrap();
        fs::set_permissions(top.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let below = fs::canonicalize(top.path()).unwrap().join("a/b");
        fs::create_dir_all(&below).unwrap();
        let stranger = RunUser {
            name: "stranger".to_owned(),
            uid: u32::MAX - 7,
            gid: u32::MAX - 7,
            switch: true,
        };

        assert_eq!(
            stranger.barred_at(&below).unwrap(),
            Some(fs::canonicalize(top.path()).unwrap())
        );
        fs::set_permissions(top.path(), fs::Permissions::from_mode(0o711)).unwrap();
        fs::set_permissions(&below, fs::Permissions::from_mode(0o711)).unwrap();
        fs::set_permissions(below.parent().unwrap(), fs::Permissions::from_mode(0o711)).unwrap();
        assert_eq!(stranger.barred_at(&below).unwrap(), None);
    }

    #[test]
    fn root_runs_a_cluster_as_its_owner_and_others_only_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let own = RunUser::owner_of(&folder.path().metadata().unwrap());

        if geteuid().is_root() {
            assert_eq!(own, None);
            chown(folder.path(), Some(12_345), Some(54_321)).unwrap();
            let owner = RunUser::owner_of(&folder.path().metadata().unwrap()).unwrap();
            assert_eq!((owner.uid, owner.gid, owner.switch), (12_345, 54_321, true));
        } else {
            assert_eq!(own, Some(RunUser::current()));
            assert_eq!(RunUser::owner_of(&Path::new("/").metadata().unwrap()), None);
        }
    }

    #[test]
    fn never_runs_as_root() {
        assert_ne!(RunUser::for_new_cluster().unwrap().uid, 0);
    }
}
