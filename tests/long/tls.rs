#[path = "../it/tls/authority.rs"]
pub(crate) mod authority;
#[path = "../it/tls/front.rs"]
pub(crate) mod front;
