//! The contract of every store, held by the one on DynamoDB (`lychgate-testkit` holds the in-memory one to it).

lychgate_testkit::store_contract!(conformance::dynamo::store);
