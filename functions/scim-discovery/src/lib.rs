//! What the server tells of itself (RFC 7644 §4), and the answer to every address that no route takes. Needs no
//! table and no secret, so it has neither: discovery is for everybody.

use lychgate_core::list::{PAGE_COUNT_DEFAULT, PAGE_COUNT_MAX};
use lychgate_edge::{
    handler::{Handler, Pending, Stack},
    reply::{Reply, SCIM_MEDIA_TYPE},
    request::{BODY_BYTES_MAX, Request},
    routes::{self, Found, Parameters, Route, SCIM_ROOT},
    scim::{log, unmatched},
};
use lychgate_scim::{
    Error,
    discovery::{self, Offer},
    message::bulk::BULK_OPERATIONS_MAX,
    schema::Catalogue,
};
use serde::Serialize;

/// The function's name in the route table.
const FUNCTION: &str = routes::DEFAULT_FUNCTION;

/// The handler.
#[must_use]
pub fn handler(stack: Stack) -> impl Handler {
    Discovery { stack }
}

struct Discovery {
    stack: Stack,
}

impl Handler for Discovery {
    fn function(&self) -> &'static str {
        FUNCTION
    }

    fn handle<'a>(&'a self, request: &'a Request) -> Pending<'a> {
        Box::pin(std::future::ready(self.answer(request)))
    }
}

impl Discovery {
    fn answer(&self, request: &Request) -> Reply {
        let started = self.stack.world.now();
        match routes::find(request.method, &request.segments) {
            Found::Route(route, parameters) if route.function == FUNCTION => {
                let reply = document(route, &parameters, request, &self.stack.catalogue)
                    .unwrap_or_else(|error| Reply::error(error, request));
                log(&self.stack.ctx(request), route, started, None, &reply, None);
                reply
            }
            found => unmatched(&found, request),
        }
    }
}

fn document(
    route: &Route,
    parameters: &Parameters,
    request: &Request,
    catalogue: &Catalogue,
) -> Result<Reply, Error> {
    if let Some(fault) = &request.fault {
        return Err(fault.clone());
    }
    // RFC 7644 §4: sorting and the like are ignored here, a filter is refused, so that nobody takes the whole list for
    // a filtered one.
    if request.query("filter").is_some() && !route.path.ends_with("Config") {
        return Err(Error::forbidden("Discovery cannot be filtered. Leave `filter` out."));
    }
    let root = format!("{}{SCIM_ROOT}", request.base_url);
    let id = parameters.get("id");
    match route.path {
        "/scim/v2/ServiceProviderConfig" => {
            Ok(found(&discovery::service_provider_config(&root, &offer())))
        }
        "/scim/v2/ResourceTypes" => Ok(found(&discovery::resource_types(&root, catalogue))),
        "/scim/v2/ResourceTypes/{id}" => discovery::resource_type(&root, catalogue, id)
            .map(|resource_type| found(&resource_type))
            .ok_or_else(|| Error::not_found("There is no such resource type. See /ResourceTypes.")),
        "/scim/v2/Schemas" => Ok(found(&discovery::schemas(&root, catalogue))),
        "/scim/v2/Schemas/{id}" => discovery::schema(&root, catalogue, id)
            .map(|schema| found(&schema))
            .ok_or_else(|| Error::not_found("There is no such schema. See /Schemas.")),
        _ => Err(Error::not_found("There is nothing at this address.")),
    }
}

fn found(document: &impl Serialize) -> Reply {
    Reply::json(200, SCIM_MEDIA_TYPE, document)
}

fn offer() -> Offer {
    Offer {
        bulk_operations_max: BULK_OPERATIONS_MAX,
        bulk_payload_bytes_max: BODY_BYTES_MAX,
        filter_results_max: PAGE_COUNT_MAX,
        page_size_default: PAGE_COUNT_DEFAULT,
        page_size_max: PAGE_COUNT_MAX,
        cursor_secs: None,
        documentation_uri: None,
    }
}
