//! Every route under `/v1`: its name, its method, its path, and the right that a caller needs.

/// What a caller must be allowed to do. Each right includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// To look: roles `read` and above.
    Read,
    /// To change flows and what runs in them: roles `deploy` and above.
    Deploy,
    /// To change tenants, their keys, secrets and tokens: a partner's tokens and operators.
    Manage,
    /// To change partners: operators.
    Operate,
}

/// An HTTP method that a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `DELETE`
    Delete,
    /// `GET`
    Get,
    /// `PATCH`
    Patch,
    /// `POST`
    Post,
    /// `PUT`
    Put,
}

impl Method {
    /// The method as requests spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// Makes an enum of the table below, so that a `match` over it can't leave out a route.
macro_rules! routes {
    ($($name:ident $method:ident $path:literal $right:ident;)*) => {
        /// A route of the admin API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Route {
            $(#[doc = concat!("`", stringify!($method), " ", $path, "`")] $name,)*
        }

        impl Route {
            /// Every route, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            const fn line(self) -> (Method, &'static str, Right) {
                match self {
                    $(Self::$name => (Method::$method, $path, Right::$right),)*
                }
            }
        }
    };
}

routes! {
    ShowOpenApi       Get    "/v1/openapi.json"                                               Read;
    CreatePartner     Post   "/v1/partners"                                                   Operate;
    ListPartners      Get    "/v1/partners"                                                   Operate;
    ShowPartner       Get    "/v1/partners/{partner}"                                         Operate;
    UpdatePartner     Patch  "/v1/partners/{partner}"                                         Operate;
    DeletePartner     Delete "/v1/partners/{partner}"                                         Operate;
    CreateApiToken    Post   "/v1/api-tokens"                                                 Manage;
    ListApiTokens     Get    "/v1/api-tokens"                                                 Manage;
    DeleteApiToken    Delete "/v1/api-tokens/{api_token}"                                     Manage;
    ListAudit         Get    "/v1/audit"                                                      Read;
    CreateTenant      Post   "/v1/tenants"                                                    Manage;
    ListTenants       Get    "/v1/tenants"                                                    Read;
    ShowTenant        Get    "/v1/tenants/{tenant}"                                           Read;
    ShowHealth        Get    "/v1/tenants/{tenant}/health"                                    Read;
    UpdateTenant      Patch  "/v1/tenants/{tenant}"                                           Manage;
    DeleteTenant      Delete "/v1/tenants/{tenant}"                                           Manage;
    CreateKey         Post   "/v1/tenants/{tenant}/keys"                                      Manage;
    ListKeys          Get    "/v1/tenants/{tenant}/keys"                                      Read;
    DeleteKey         Delete "/v1/tenants/{tenant}/keys/{key}"                                Manage;
    UploadKey         Post   "/v1/tenants/{tenant}/keys/{key}/upload"                         Manage;
    PutGraphAccess    Put    "/v1/tenants/{tenant}/graph"                                     Manage;
    ShowGraphAccess   Get    "/v1/tenants/{tenant}/graph"                                     Read;
    DeleteGraphAccess Delete "/v1/tenants/{tenant}/graph"                                     Manage;
    PutAppSecret      Put    "/v1/tenants/{tenant}/app-secret"                                Manage;
    ListFlows         Get    "/v1/tenants/{tenant}/flows"                                     Read;
    PutFlow           Put    "/v1/tenants/{tenant}/flows/{flow}"                              Deploy;
    UpdateFlow        Patch  "/v1/tenants/{tenant}/flows/{flow}"                              Deploy;
    ShowFlow          Get    "/v1/tenants/{tenant}/flows/{flow}"                              Read;
    DeleteFlow        Delete "/v1/tenants/{tenant}/flows/{flow}"                              Deploy;
    PutConfigValue    Put    "/v1/tenants/{tenant}/flows/{flow}/config/{key}"                 Deploy;
    ListConfigValues  Get    "/v1/tenants/{tenant}/flows/{flow}/config"                       Read;
    DeleteConfigValue Delete "/v1/tenants/{tenant}/flows/{flow}/config/{key}"                 Deploy;
    PutFlowJson       Put    "/v1/tenants/{tenant}/flows/{flow}/flow-json"                    Deploy;
    ShowFlowJson      Get    "/v1/tenants/{tenant}/flows/{flow}/flow-json"                    Read;
    DeleteFlowJson    Delete "/v1/tenants/{tenant}/flows/{flow}/flow-json"                    Deploy;
    UploadVersion     Post   "/v1/tenants/{tenant}/flows/{flow}/versions"                     Deploy;
    PutVersionFlowJson Put   "/v1/tenants/{tenant}/flows/{flow}/versions/{version}/flow-json" Deploy;
    DeleteVersion     Delete "/v1/tenants/{tenant}/flows/{flow}/versions/{version}"           Deploy;
    ListVersions      Get    "/v1/tenants/{tenant}/flows/{flow}/versions"                     Read;
    ActivateVersion   Post   "/v1/tenants/{tenant}/flows/{flow}/activate"                     Deploy;
    RollBack          Post   "/v1/tenants/{tenant}/flows/{flow}/rollback"                     Deploy;
    RehearseVersion   Post   "/v1/tenants/{tenant}/flows/{flow}/versions/{version}/rehearse"  Deploy;
    // Keys and values may be about customers, so keys are in no path, and only authors may look.
    ListStoreKeys     Post   "/v1/tenants/{tenant}/flows/{flow}/store/keys"                   Deploy;
    ShowStoreValue    Post   "/v1/tenants/{tenant}/flows/{flow}/store/value"                  Deploy;
    MintToken         Post   "/v1/tenants/{tenant}/flows/{flow}/tokens"                       Deploy;
    // Lines may quote customers, so they are for those who write the plugin, not for all readers.
    ListLogLines      Get    "/v1/tenants/{tenant}/flows/{flow}/logs"                         Deploy;
    ListSessions      Get    "/v1/tenants/{tenant}/flows/{flow}/sessions"                     Read;
    ShowSession       Get    "/v1/tenants/{tenant}/flows/{flow}/sessions/{session}"           Read;
    // By its flow token, which must not be in a path: paths are logged.
    DeleteSession     Post   "/v1/tenants/{tenant}/flows/{flow}/sessions/delete"              Deploy;
}

impl Route {
    /// The method that the route takes.
    pub const fn method(self) -> Method {
        self.line().0
    }

    /// The path, with names in braces for what a request fills in.
    pub const fn path(self) -> &'static str {
        self.line().1
    }

    /// The right that a caller needs.
    pub const fn right(self) -> Right {
        self.line().2
    }

    /// The segments of the path, with each name in braces replaced by the next of `names`. They
    /// are not encoded. `None` if there are too few or too many names.
    pub fn segments<'a>(self, names: &[&'a str]) -> Option<Vec<&'a str>> {
        let mut names = names.iter();
        let filled = self
            .path()
            .split('/')
            .skip(1)
            .map(|part| if part.starts_with('{') { names.next().copied() } else { Some(part) });
        let segments = filled.collect::<Option<Vec<_>>>()?;
        names.next().is_none().then_some(segments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_routes_have_the_same_method_and_path() {
        for (number, route) in Route::ALL.iter().enumerate() {
            let others = &Route::ALL[number + 1..];
            assert!(
                others
                    .iter()
                    .all(|other| (other.method(), other.path()) != (route.method(), route.path())),
                "{route:?}"
            );
        }
    }

    #[test]
    fn names_fill_the_path_in_order_and_none_is_left() {
        let segments = Route::DeleteConfigValue.segments(&["acme", "booking", "a/b"]).unwrap();
        assert_eq!(segments, ["v1", "tenants", "acme", "flows", "booking", "config", "a/b"]);
        assert_eq!(Route::ShowTenant.segments(&[]), None);
        assert_eq!(Route::ShowTenant.segments(&["acme", "booking"]), None);
    }
}
