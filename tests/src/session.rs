//! One organization's provisioning client, in few words.

use lychgate_testkit::build::Acme;
use serde_json::{Value, json};

use crate::{
    endpoint::Endpoint,
    exchange::{ROOT, proper},
    http::{Answer, Wire},
};

/// The core User schema.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The core Group schema.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The PATCH message.
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// The search message.
pub const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
/// The bulk message.
pub const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/// A client with a token.
pub struct Session<'a> {
    /// Whom it talks to.
    pub endpoint: &'a Endpoint,
    /// For whom.
    pub acme: Acme,
}

impl<'a> Session<'a> {
    /// A client of a new organization.
    pub async fn new(endpoint: &'a Endpoint, domain: &str) -> Self {
        let acme = endpoint.organization(domain).await;
        Self { endpoint, acme }
    }

    /// Sends a request with the token and these header fields.
    ///
    /// # Panics
    /// When the answer is improper, whatever was asked.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let mut all = vec![("Authorization".to_owned(), format!("Bearer {}", self.acme.token))];
        if body.is_some() {
            all.push(("Content-Type".to_owned(), "application/scim+json".to_owned()));
        }
        all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let wire = Wire {
            method: method.to_owned(),
            target: format!("{ROOT}{path}"),
            headers: all,
            body: body.map(|body| body.to_string().into_bytes()),
        };
        let answer = self.endpoint.send(&wire).await;
        if let Err(what) = proper(&answer) {
            panic!("{method} {path}: {what}");
        }
        answer
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None).await
    }

    /// GET that finds something.
    ///
    /// # Panics
    /// When it does not.
    pub async fn found(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "GET {path}: {}", String::from_utf8_lossy(&answer.body));
        answer.json()
    }

    /// POST.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[], Some(body)).await
    }

    /// PUT.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, &[], Some(body)).await
    }

    /// PATCH with these operations.
    pub async fn patch(&self, path: &str, operations: &Value) -> Answer {
        self.send("PATCH", path, &[], Some(&patch_of(operations))).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], None).await
    }

    /// Creates a user; gives its id.
    ///
    /// # Panics
    /// When it is not created.
    pub async fn user(&self, user_name: &str) -> String {
        self.user_with(user_name, json!({})).await
    }

    /// Creates a user with more attributes; gives its id.
    ///
    /// # Panics
    /// When it is not created.
    pub async fn user_with(&self, user_name: &str, mut more: Value) -> String {
        more["schemas"] = json!([USER]);
        more["userName"] = json!(user_name);
        created(&self.post("/Users", &more).await)
    }

    /// Creates this many users, a hundred in a request; gives their ids in the order of creation.
    ///
    /// # Panics
    /// When one of them is not created.
    pub async fn crowd(&self, prefix: &str, count: usize) -> Vec<String> {
        let numbers: Vec<usize> = (0..count).collect();
        let mut ids = Vec::with_capacity(count);
        for numbers in numbers.chunks(100) {
            let operations: Vec<Value> = numbers
                .iter()
                .map(|number| {
                    json!({"method": "POST", "path": "/Users", "bulkId": number.to_string(), "data":
                        {"schemas": [USER], "userName": format!("{prefix}{number:05}@example.com")}})
                })
                .collect();
            let answer =
                self.post("/Bulk", &json!({"schemas": [BULK], "Operations": operations})).await;
            assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
            for operation in answer.json()["Operations"].as_array().expect("operations") {
                assert_eq!(operation["status"], "201", "{operation}");
                let location = operation["location"].as_str().expect("a location");
                ids.push(location.rsplit('/').next().expect("an id").to_owned());
            }
        }
        ids
    }

    /// Creates a group with these members; gives its id.
    ///
    /// # Panics
    /// When it is not created.
    pub async fn group(&self, name: &str, members: &[String]) -> String {
        let body = json!({"schemas": [GROUP], "displayName": name, "members": values(members)});
        created(&self.post("/Groups", &body).await)
    }

    /// The ids of a group's members, sorted.
    pub async fn members(&self, group: &str) -> Vec<String> {
        member_ids(&self.found(&format!("/Groups/{group}")).await)
    }
}

/// A PATCH message.
#[must_use]
pub fn patch_of(operations: &Value) -> Value {
    json!({"schemas": [PATCH_OP], "Operations": operations})
}

/// `[{"value": …}]`
#[must_use]
pub fn values(ids: &[String]) -> Value {
    ids.iter().map(|id| json!({"value": id})).collect()
}

/// The ids of the members that a group's JSON shows, sorted.
///
/// # Panics
/// When somebody stands there twice.
#[must_use]
pub fn member_ids(group: &Value) -> Vec<String> {
    let members = group["members"].as_array().into_iter().flatten();
    let mut ids: Vec<String> =
        members.map(|member| member["value"].as_str().expect("a value").to_owned()).collect();
    ids.sort();
    let before = ids.len();
    ids.dedup();
    assert_eq!(before, ids.len(), "nobody is a member twice");
    ids
}

/// The ids of a list's resources, in their order.
#[must_use]
pub fn ids_of(list: &Value) -> Vec<String> {
    let resources = list["Resources"].as_array().into_iter().flatten();
    resources.map(|resource| resource["id"].as_str().unwrap_or_default().to_owned()).collect()
}

fn created(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()["id"].as_str().expect("an id").to_owned()
}

/// A text as it stands in a query.
#[must_use]
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}
