//! Cookies (RFC 6265bis): host-bound, not for scripts, one for each purpose and organization.

use lychgate_core::ids::OrganizationId;

/// What a cookie is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookie<'a> {
    /// A started sign-in of this flow (bare id): sent with the IdP's cross-site POST, so `SameSite=None`.
    Flow(&'a str),
    /// A session at this organization.
    Session(&'a OrganizationId),
    /// A visit to the settings of this organization by a link.
    Visit(&'a OrganizationId),
    /// Binds a form to the browser that was shown it.
    Form,
    /// A browser that has signed in to this organization with a password before.
    Device(&'a OrganizationId),
}

/// How cookies are written for this origin. Over plain http (the local server on a loopback address) `Secure` and
/// `__Host-` are not possible, and `SameSite=None` would be refused. A flow's cookie has no `SameSite` there: browsers send
/// such a one with an IdP's POST, some of them for the first two minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cookies {
    secure: bool,
}

impl Cookies {
    /// For the origin that the stack is reached at.
    #[must_use]
    pub fn of(base_url: &str) -> Self {
        Self { secure: base_url.starts_with("https://") }
    }

    /// The cookie's name.
    #[must_use]
    pub fn name(self, cookie: Cookie<'_>) -> String {
        let prefix = if self.secure { "__Host-" } else { "" };
        match cookie {
            Cookie::Flow(id) => format!("{prefix}lyf-{id}"),
            Cookie::Session(organization) => format!("{prefix}lys-{}", organization.bare()),
            Cookie::Visit(organization) => format!("{prefix}lyv-{}", organization.bare()),
            Cookie::Form => format!("{prefix}lyform"),
            Cookie::Device(organization) => format!("{prefix}lyd-{}", organization.bare()),
        }
    }

    /// The organization whose session a cookie of this name is for; `None` when it is another cookie.
    #[must_use]
    pub fn session_of(self, name: &str) -> Option<OrganizationId> {
        self.organization_of(name, "lys-")
    }

    /// The organization whose settings a cookie of this name opens by a link; `None` when it is another cookie.
    #[must_use]
    pub fn visit_of(self, name: &str) -> Option<OrganizationId> {
        self.organization_of(name, "lyv-")
    }

    fn organization_of(self, name: &str, kind: &str) -> Option<OrganizationId> {
        let name = if self.secure { name.strip_prefix("__Host-")? } else { name };
        OrganizationId::from_bare(name.strip_prefix(kind)?).ok()
    }

    /// `Set-Cookie` for a value of ours (letters, digits, `_`, `-`, `.`), for this many seconds.
    #[must_use]
    pub fn set(self, cookie: Cookie<'_>, value: &str, max_age_secs: u64) -> String {
        let name = self.name(cookie);
        let same_site = match cookie {
            Cookie::Flow(_) if self.secure => "; SameSite=None",
            Cookie::Flow(_) => "",
            _ => "; SameSite=Lax",
        };
        let secure = if self.secure { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; Max-Age={max_age_secs}; HttpOnly{same_site}{secure}")
    }

    /// `Set-Cookie` that takes it away.
    #[must_use]
    pub fn clear(self, cookie: Cookie<'_>) -> String {
        self.set(cookie, "", 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flows_cookie_comes_back_with_the_post_of_an_identity_provider() {
        let set = |base_url| Cookies::of(base_url).set(Cookie::Flow("f1"), "v", 900);
        assert_eq!(
            set("https://sso.example.com"),
            "__Host-lyf-f1=v; Path=/; Max-Age=900; HttpOnly; SameSite=None; Secure"
        );
        // `Lax` would keep it back when the identity provider has https: another scheme is another site.
        assert_eq!(set("http://127.0.0.1:8080"), "lyf-f1=v; Path=/; Max-Age=900; HttpOnly");
    }
}
