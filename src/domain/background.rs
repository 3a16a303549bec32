//! Routes on which nobody is there: what is asked for on them keeps no session alive.

/// A path of which each segment is itself or `*`, any one segment; what lies below it belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route(Vec<String>);

/// Why a text is no route.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a path: write it like /notifications or /app/*/heartbeat")]
pub struct NotARoute;

impl Route {
    pub fn parse(text: &str) -> Result<Self, NotARoute> {
        let segments: Vec<String> = text.strip_prefix('/').ok_or(NotARoute)?.split('/').map(str::to_owned).collect();
        let fits = |segment: &String| {
            let plain = segment.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#*".contains(&byte));
            segment == "*" || (plain && !segment.is_empty())
        };
        if segments.iter().all(fits) { Ok(Self(segments)) } else { Err(NotARoute) }
    }

    /// Whether this is the route of a path, compared byte for byte.
    fn covers(&self, path: &str) -> bool {
        let mut segments = path.trim_start_matches('/').split('/');
        self.0
            .iter()
            .all(|own| segments.next().is_some_and(|segment| own == "*" && !segment.is_empty() || own == segment))
    }
}

/// Whether an address, a path or a whole one, is on one of the routes. Its query is not looked at.
pub fn covers(routes: &[Route], address: &str) -> bool {
    let beyond_scheme =
        address.split_once("://").map_or(address, |(_, rest)| &rest[rest.find('/').unwrap_or(rest.len())..]);
    let path = beyond_scheme.split(['?', '#']).next().unwrap_or_default();
    routes.iter().any(|route| route.covers(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_its_path_and_what_lies_below() {
        let routes = ["/notifications", "/app/*/heartbeat"].map(|text| Route::parse(text).unwrap());
        for (address, expected) in [
            ("/notifications", true),
            ("/notifications/", true),
            ("/notifications/7?since=1", true),
            ("/notifications?x=/y", true),
            ("https://app.example/notifications", true),
            ("/app/shop/heartbeat", true),
            ("/app/shop/heartbeat/2", true),
            ("/notificationsx", false),
            ("/x/notifications", false),
            ("/app/heartbeat", false),
            ("/app//heartbeat", false),
            ("/app/shop/orders", false),
            ("https://notifications", false),
            ("/?/notifications", false),
            ("", false),
        ] {
            assert_eq!(covers(&routes, address), expected, "{address}");
        }
        assert!(!covers(&[], "/notifications"));
    }

    #[test]
    fn only_paths_are_routes() {
        for text in ["", "notifications", "/", "//", "/a//b", "/a*", "/a?b", "/a b", "https://a/b"] {
            assert_eq!(Route::parse(text), Err(NotARoute), "{text}");
        }
    }
}
